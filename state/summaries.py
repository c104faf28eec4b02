"""The running summary of a long thread: what of it is condensed, when, and into what where no model can do it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from langchain_core.messages import AnyMessage, BaseMessage
from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one to Studio

from metahuman.state.prompting import message_tokens, shorten
from metahuman.state.topics import topics_of

#: Characters of a summary, and how many of them a model is asked for: models overshoot.
LIMIT, ASKED_FOR = 1200, 900
#: What a thread may take of the persona's prompt, and how many tokens at most: a long prompt is a slow one.
SHARE, ROOM = 1 / 2, 3000
#: Messages that a thread may have, however short they are: each is written with every checkpoint.
MESSAGES = 40
#: A thread this many times over its limits is condensed at once, without a model.
OVERDUE = 1.5
#: Without a model: characters of a message that are looked at, of a sentence that is kept, and of all that is kept of
#: one message beside its first sentence. A long paste would else push out what others said.
MESSAGE, SENTENCE, PER_MESSAGE = 1200, 240, 300
#: The share of a model's words that must have been said, by their beginnings; paraphrases reach far more than this.
GROUNDED = 1 / 3

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")  # noqa: RUF001 - the full stops of Chinese and Japanese
_ROLE = re.compile(
    r"^\W*(system|user|assistant|human|ai|owner|twin|they said|you said)\W*:|</?\|?\w+\|?>|\[/?INST\]", re.I | re.M
)
_NUMBER = re.compile(r"\d\d+")
_WORD = re.compile(r"[^\W\d_]{4,}")
#: Scripts from Thai's on mostly put no spaces between words.
_NO_SPACES = "\u0e00"


class Summary(TypedDict):
    """What was said on a thread before the messages that it still holds.

    `messages` counts those it stands for; `why` says why no model made it, where none did.
    """

    text: str
    messages: int
    madeBy: Literal["model", "extract"]
    why: str | None


def outdated(messages: Sequence[AnyMessage], budget: int, patience: float = 1.0) -> list[AnyMessage]:
    """Return a thread's oldest messages that are to be condensed: none while it has room, then half of it at once.

    Condensed one turn at a time, the prompt would begin anew each time, and no model's prompt cache would hold.

    Args:
        messages: The thread's; the last turn is never among those returned.
        budget: Tokens that a prompt of the persona's may have.
        patience: How many times over its limits the thread may be.
    """
    sizes, room = [message_tokens(message) for message in messages], min(budget * SHARE, ROOM)
    if sum(sizes) <= room * patience and len(messages) <= MESSAGES * patience:
        return []
    turns = [place for place, message in enumerate(messages) if message.type == "human"]
    fitting = [at for at in turns if sum(sizes[at:]) <= room / 2 and len(messages) - at <= MESSAGES / 2]
    return list(messages[: min(fitting, default=max(turns, default=0))])


def extracted(before: Summary | None, dropped: Sequence[BaseMessage], why: str | None) -> Summary:
    """Return the summary of what was said before and of what is dropped, made of the sentences that say the most.

    What is new gets a third of it, or what the old leaves; the old gives way sentence by sentence, the emptiest first.
    """
    old = list(_sentences(before["text"])) if before else []
    new = list(dict.fromkeys(line for message in dropped for line in _lines(message)))
    fresh = _telling([line for line in new if line not in old], max(LIMIT // 3, LIMIT - _length(old)))
    kept = _telling(old, LIMIT - _length(fresh))
    return Summary(text="\n".join([*kept, *fresh]), messages=_count(before, dropped), madeBy="extract", why=why)


def written(before: Summary | None, dropped: Sequence[BaseMessage], text: str) -> Summary:
    """Return the summary of what was said before and of what is dropped as a model wrote it."""
    return Summary(text=text, messages=_count(before, dropped), madeBy="model", why=None)


def as_lines(dropped: Sequence[BaseMessage], room: int) -> str:
    """Return messages for whoever is to condense them, a line each, all of them within `room` tokens.

    A message that is longer than its share is shortened in the middle.
    """
    share = max(room // max(len(dropped), 1), 20)
    texts = [shorten(" ".join(message.text.split()), share * 4) for message in dropped]
    # An ASCII character is a quarter of a token, one of another script up to three.
    return "\n".join(
        f"{_who(message)}: {text if text.isascii() else shorten(text, share)}"
        for message, text in zip(dropped, texts, strict=True)
    )


def objection(text: str, sources: str) -> str | None:
    """Return why a model's summary is not taken, or None if it is.

    Args:
        text: What the model wrote.
        sources: All that it was given to condense.
    """
    if not text:
        return "it is empty"
    if len(text) > LIMIT:
        return f"it has {len(text)} characters, more than {LIMIT}"
    if _ROLE.search(text):
        return "it goes on with the conversation"
    if made_up := set(_NUMBER.findall(text)) - set(_NUMBER.findall(sources)):
        return f"it has numbers that nobody said: {', '.join(sorted(made_up))}"
    words = _beginnings(text)
    if len(words & _beginnings(sources)) < len(words) * GROUNDED:
        return "it tells of something else"
    return None


def _count(before: Summary | None, dropped: Sequence[BaseMessage]) -> int:
    return (before["messages"] if before else 0) + len(dropped)


def _who(message: BaseMessage) -> str:
    return "they said" if message.type == "human" else "you said"


def _lines(message: BaseMessage) -> Iterator[str]:
    """Yield what a message may leave in a summary: its first sentence, and of a person's the most telling others."""
    first, *others = list(_sentences(shorten(message.text, MESSAGE))) or [""]
    told = _telling(others, PER_MESSAGE) if message.type == "human" else []
    yield from (f"{_who(message)}: {sentence}" for sentence in [first, *told])


def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE_END.split(text):
        if sentence := " ".join(part.split()):
            yield shorten(sentence, SENTENCE)


def _telling(lines: Sequence[str], limit: int) -> list[str]:
    """Return the lines that say the most and have `limit` characters together, in their order."""
    weights = [_weight(line) for line in lines]
    chosen, left = set[int](), limit
    for place in sorted(range(len(lines)), key=lambda place: (-weights[place], -place)):
        if weights[place] and len(lines[place]) < left:
            chosen.add(place)
            left -= len(lines[place]) + 1
    return [lines[place] for place in sorted(chosen)]


def _weight(line: str) -> float:
    """Return how much a line tells: by its topics, names and numbers; questions and answers tell less of the person."""
    spoken = line.removeprefix("they said: ").removeprefix("you said: ")
    words = [word for topic in topics_of(spoken) for word in topic.split()]
    weight = len(words) + sum(word[0].isupper() for word in words) + 2 * len(re.findall(r"\d+", spoken))
    return weight / (2 if line.startswith("you said: ") or spoken.endswith("?") else 1)


def _length(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _beginnings(text: str) -> set[str]:
    """Return how the words of a text begin, which survives most inflection."""
    return {word[:5] for word in _WORD.findall(text.casefold()) if word[0] < _NO_SPACES}
