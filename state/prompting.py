"""How a prompt is kept within a model's window, and how foreign text enters it: as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from langchain_core.messages import BaseMessage, merge_message_runs, trim_messages

from metahuman.state.parts import Evidence, Finding

#: What a message costs beside its text: its role and the marks round it.
MESSAGE_TOKENS = 6
#: Characters of a finding that the persona sees; the person is shown all of it.
FINDING = 1200


def estimate_tokens(text: str) -> int:
    """Return about how many tokens `text` has, rather too many than too few.

    Byte-pair vocabularies average some four ASCII characters a token, and at worst one token for each byte of any
    other script.
    """
    size = len(text.encode(errors="surrogatepass"))
    other = size - sum(character.isascii() for character in text)
    return (size - other) // 4 + other + 1


def fit(messages: Sequence[BaseMessage], budget: int) -> list[BaseMessage]:
    """Return the latest of `messages` that fit into `budget` tokens, the system message and the last one always.

    Args:
        messages: A prompt: the system message first, the person's last.
        budget: Tokens it may have, see `Models.prompt_budget`.
    """
    kept = trim_messages(
        list(messages), max_tokens=budget, token_counter=_count, strategy="last", include_system=True, start_on="human"
    )
    if not kept or kept[-1].type != "human":
        kept = [messages[0], messages[-1]]
    # Messages that were never answered leave two of a person's in a row, which chat templates refuse.
    return merge_message_runs(kept)


def shorten(text: str, limit: int) -> str:
    """Return `text`, or its beginning and end in about `limit` characters: what is asked stands at either."""
    if len(text) <= limit:
        return text
    return f"{text[: limit * 2 // 3]} […] {text[-limit // 3 :]}"


def as_data(evidence: Iterable[Evidence], findings: Iterable[Finding]) -> str:
    """Return memories and findings as one marked block, which the persona's prompt says is never an instruction."""
    remembered = [f"- {_plain(item['timestamp'][:10])} {_plain(item['text'])}" for item in evidence]
    found = [f"- {item['source']}: {_plain(shorten(item['error'] or item['content'], FINDING))}" for item in findings]
    lines = [*remembered, *found]
    return "\n".join(["<evidence>", *lines, "</evidence>"]) if lines else ""


def _plain(text: str) -> str:
    """Return `text` unable to close the block it stands in."""
    return text.replace("<", "&lt;")


def _count(messages: Sequence[BaseMessage]) -> int:
    return sum(estimate_tokens(message.text) + MESSAGE_TOKENS for message in messages)
