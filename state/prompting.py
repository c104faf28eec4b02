"""How a prompt is kept within a model's window, and how foreign text enters it: as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from langchain_core.messages import BaseMessage, HumanMessage, merge_message_runs, trim_messages

from metahuman.state.artifacts import brief
from metahuman.state.parts import Evidence, Finding
from metahuman.state.tokens import estimate_tokens

#: What a message costs beside its text: its role and the marks round it.
MESSAGE_TOKENS = 6
#: Characters of a finding that the persona sees; the person is shown all of it.
FINDING = 1200
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,}).*$", re.M)


def message_tokens(message: BaseMessage) -> int:
    """Return about how many tokens a message costs."""
    return estimate_tokens(message.text) + MESSAGE_TOKENS


def fit(messages: Sequence[BaseMessage], budget: int, earlier: str = "") -> list[BaseMessage]:
    """Return the latest of `messages` that fit into `budget` tokens, the system message and the last one always.

    Where not all of them fit, very long ones among those between are shortened before any is dropped: to as many
    characters as the budget has tokens, about a quarter of it.

    Args:
        messages: A prompt: the system message first, the person's last.
        budget: Tokens it may have, see `Models.prompt_budget`.
        earlier: A block of data that is to stand before all that was said. It becomes part of the first message after
            the system's: there it is no instruction, and what comes before it does not change with it.
    """
    budget -= estimate_tokens(earlier) if earlier else 0
    if _count(messages) > budget > 0:
        messages = [messages[0], *(_shortened(message, budget) for message in messages[1:-1]), messages[-1]]
    kept = trim_messages(
        list(messages), max_tokens=budget, token_counter=_count, strategy="last", include_system=True, start_on="human"
    )
    if not kept or kept[-1].type != "human":
        kept = [messages[0], messages[-1]]
    before = [HumanMessage(f"{earlier}\n")] if earlier else []
    # Messages that were never answered leave two of a person's in a row, which chat templates refuse.
    return merge_message_runs([kept[0], *before, *kept[1:]])


def shorten(text: str, limit: int) -> str:
    """Return `text`, or its beginning and end in about `limit` characters: what is asked stands at either."""
    if len(text) <= limit:
        return text
    return f"{text[: limit * 2 // 3]} […] {text[-limit // 3 :]}"


def as_data(evidence: Iterable[Evidence], findings: Iterable[Finding]) -> str:
    """Return memories and findings as one marked block, which the persona's prompt says is never an instruction."""
    remembered = [f"- {item['timestamp'][:10]} {item['text']}" for item in evidence]
    found = [f"- {item['source']}: {shorten(_told(item), FINDING)}" for item in findings if not item["part"]]
    return as_block("evidence", "\n".join([*remembered, *found]))


def as_block(name: str, text: str) -> str:
    """Return foreign text between tags, unable to close them itself; no text, no block."""
    plain = text.replace("<", "&lt;")
    return f"<{name}>\n{plain}\n</{name}>" if text else ""


def _told(finding: Finding) -> str:
    """Return what came of a job as the persona is told: artifacts in brief, what was said beside them, what failed."""
    said = finding["content"] if not finding["artifacts"] else ""
    if any(artifact["kind"] == "code" for artifact in finding["artifacts"]):
        said = finding["content"]
        for artifact in finding["artifacts"]:
            said = said.replace(artifact["text"], "")
        said = _FENCE.sub("", said).strip()
    told = "\n".join(filter(None, [*map(brief, finding["artifacts"]), said])).strip()
    error = finding["error"]
    return f"{told} [but: {error}]" if told and error else error or told


def _shortened(message: BaseMessage, limit: int) -> BaseMessage:
    short = shorten(message.text, limit)
    return message if short == message.text else message.model_copy(update={"content": short})


def _count(messages: Sequence[BaseMessage]) -> int:
    return sum(map(message_tokens, messages))
