"""What the owner wrote with nobody to answer, made into pairs: their words as they stand, asked for by a question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from metahuman.memory.dataset.asking import asked_by_rule
from metahuman.memory.dataset.gates import held, syntax_in
from metahuman.memory.dataset.passages import Passage, passages_in
from metahuman.memory.dataset.settings import BuilderSettings
from metahuman.memory.dataset.speaking import not_in_their_voice
from metahuman.memory.hygiene.wording import words
from metahuman.state.memories import INNER

#: Types of memories that the twin writes: never anybody's voice.
NEVER = frozenset({*INNER, "summary"})
#: Who put a question, as a row says it.
BY_RULE, BY_MODEL = "asked by rule", "asked by model"

#: What stands before the reason why a passage is no pair.
LEFT_OUT = "a passage is left out because "


class Asked(NamedTuple):
    """A passage that is a pair.

    Args:
        place: Which passage of its text it is, from 0.
        question: What stands for a message.
        text: The passage.
        side: Who put the question.
    """

    place: int
    question: str
    text: str
    side: str


class Told(NamedTuple):
    """What a text gives: its pairs, and for each passage that is none, why."""

    pairs: tuple[Asked, ...]
    left: tuple[str, ...]


def is_own(curated: Mapping[str, Any], side: str, *, alone: bool) -> bool:
    """Tell whether a side of a curated memory is its owner's own words.

    Args:
        curated: The curated memory; one of another program says nothing of it, and is taken at its word.
        side: "said" or "answered".
        alone: Whether only one side speaks.
    """
    source = curated.get("source")
    source = source if isinstance(source, Mapping) else {}
    if side == "said" and (source.get("type") in NEVER or not isinstance(source.get("type"), str)):
        return False
    own = source.get("own")
    return side in own if isinstance(own, list) else alone == (side == "said")


def told_of(curated: Mapping[str, Any], text: str, moment: str, settings: BuilderSettings, *, kept: bool) -> Told:
    """Return the pairs that a text of the owner's gives.

    Args:
        curated: The curated memory that it stands in.
        text: The text.
        moment: When it was written, ISO 8601.
        settings: How long passages are, and how many of a text become pairs.
        kept: Whether the owner has said that it is to be learned from: then only the gates may say no.
    """
    to_twin = bool(curated.get("assistantResponse"))
    pairs, left = list[Asked](), list[str]()
    found = list(passages_in(text, settings.words_at_least, settings.words_at_most))
    best = _best(curated, found)
    for place, passage in enumerate(found):
        why = _too(passage, settings) or _unfit(passage.text)
        why = why or (None if kept else not_in_their_voice(passage.text, to_twin=to_twin))
        if why is None and len(pairs) == settings.passages:
            why = f"{settings.passages} of its passages are pairs already"
        if why:
            left.append(f"{LEFT_OUT}{why}")
            continue
        by_rule = asked_by_rule(passage, moment, str(curated.get("id")), place)
        asked, side = (str(curated["question"]), BY_MODEL) if place == best else (by_rule, BY_RULE)
        pairs.append(Asked(place, asked, passage.text, side))
    return Told(tuple(pairs), tuple(left))


def _too(passage: Passage, settings: BuilderSettings) -> str | None:
    size = len(words(passage.text))
    if size < settings.words_at_least:
        return f"it has fewer than {settings.words_at_least} words"
    return f"a sentence has more than {settings.words_at_most} words" if size > settings.words_at_most else None


def _unfit(text: str) -> str | None:
    """Return why a text may not be in any dataset, whoever says so."""
    if held(text):
        return "it holds personal data or a secret"
    return "it holds tool syntax" if syntax_in(text) else None


def _best(curated: Mapping[str, Any], passages: list[Passage]) -> int | None:
    """Return which passage a model's question asks for: the one that has most of its words; None without one."""
    question = curated.get("question")
    if not isinstance(question, str) or not question.strip().endswith("?") or held(question) or not passages:
        return None
    asked = set(words(question))
    return max(range(len(passages)), key=lambda place: (len(asked & set(words(passages[place].text))), -place))
