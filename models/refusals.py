"""Answers that hold no answer, because the provider's filter or the model itself withheld it."""

from __future__ import annotations

from langchain_core.messages import BaseMessage

#: How servers of OpenAI's kind end an answer that their filter took away.
FILTERED = "content_filter"


def refusal(message: BaseMessage) -> str | None:
    """Return why `message` holds no answer, in the provider's words where it has any, or None if it is no refusal.

    Args:
        message: A whole answer, or a chunk of one; a chunk has only a piece of the provider's words.
    """
    if said := message.additional_kwargs.get("refusal") or _refused_blocks(message):
        return str(said)
    says = message.text or getattr(message, "tool_calls", None)
    filtered = message.response_metadata.get("finish_reason") == FILTERED
    return "the provider's filter withheld the answer" if filtered and not says else None


def _refused_blocks(message: BaseMessage) -> str:
    blocks = [block for block in message.content if isinstance(block, dict) and block.get("type") == "refusal"]
    return "".join(str(block.get("refusal", "")) for block in blocks)
