"""What is kept of a memory: the gates behind the curator's model, which believe nothing that it says.

Its words are cleaned like any, and have to stand in what it was shown; what does not is replaced by what was said, as
the rules have it. What it flags, and whatever held a secret or personal data, becomes no pair. Without a model, the
rules' own text goes through the same gates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from metahuman.memory.curation.cleaning import cleaned, found_in
from metahuman.memory.curation.flags import SENSITIVE, flags_of
from metahuman.memory.curation.grounding import grounded, names_new
from metahuman.memory.curation.rubric import judged
from metahuman.memory.hygiene.wording import sentences
from metahuman.state.curating import ONE_SIDED, Curated, CuratorAnswer, Prepared

#: Characters of an essence that rules write: the beginning of what was said.
ESSENCE = 200
#: What not even a paraphrase may bring in.
_FACTS = {"name", "number", "date"}
#: What is kept of where it is from.
_SOURCE: tuple[Literal["hash", "type", "own", "found"], ...] = ("hash", "type", "own", "found")
#: One short question, and nothing else.
_QUESTION = re.compile(r"[^?!.\n]{8,180}\s?\?")


@dataclass
class _Draft:
    """What is to be kept, before it is judged; `leaked` are the kinds of things that only the model's words held."""

    said: str
    answered: str
    essence: str
    context: str = ""
    question: str = ""
    flags: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def judged_memory(prepared: Prepared, answer: CuratorAnswer | None, made_by: dict[str, Any], moment: str) -> Curated:
    """Return what is kept of a memory, and why no pair is made of it.

    Args:
        prepared: What the curator was shown.
        answer: What its model said; None where rules alone decide.
        made_by: Who that was, for the file.
        moment: When, as files have it.
    """
    draft = _by_rules(prepared)
    if answer is not None and not prepared["refused"]:
        draft = _by_model(prepared, answer)
    draft.flags = list(dict.fromkeys([*([SENSITIVE] if prepared["found"] or draft.leaked else []), *draft.flags]))
    refused, scores = list(prepared["refused"]), dict[str, float]()
    if not refused:
        refused, scores = _judged(prepared, draft)
    return _curated(prepared, draft, refused, {**made_by, "replaced": draft.replaced, "scores": scores}, moment)


def _by_rules(prepared: Prepared) -> _Draft:
    return _Draft(prepared["said"], prepared["answered"], _beginning(prepared))


def _by_model(prepared: Prepared, answer: CuratorAnswer) -> _Draft:
    draft = _by_rules(prepared)
    draft.flags = flags_of(answer.flags)
    said = _cleaned(draft, answer.user_message)
    answered = _cleaned(draft, answer.assistant_response)
    essence, context = _cleaned(draft, answer.conversational_essence), _cleaned(draft, answer.context)
    draft.said = _quoted(draft, "userMessage", said, prepared["said"])
    draft.answered = _quoted(draft, "assistantResponse", answered, prepared["answered"])
    source = f"{prepared['said']}\n{prepared['answered']}"
    draft.essence = _told(draft, "conversationalEssence", essence, source) or draft.essence
    draft.context = _told(draft, "context", context, source)
    if not draft.answered:
        draft.question = _asked(draft, answer.question, source)
    if not answer.suitable_for_training:
        draft.doubts.append("the curator's model finds it unsuited")
    return draft


def _cleaned(draft: _Draft, text: str) -> str:
    clean = cleaned(text)
    draft.leaked += clean.found
    return clean.text


def _quoted(draft: _Draft, key: str, text: str, source: str) -> str:
    """Return a side as the model has it, if it is taken from that side of the source; else the source."""
    if not text and source:
        draft.doubts.append("the curator's model left a side out")
    elif text and not grounded(text, source, strict=True).grounded:
        draft.replaced.append(key)
        return source
    return text


def _told(draft: _Draft, key: str, text: str, source: str) -> str:
    """Return a paraphrase that brings in no name, number or date; "" for any other."""
    stretches = grounded(text, source).unsupported if text else ()
    if any(one.why in _FACTS or _has_facts(text[one.start : one.end]) for one in stretches):
        draft.replaced.append(key)
        return ""
    return text


def _asked(draft: _Draft, text: str, source: str) -> str:
    """Return a model's question, if it is one, and brings in nothing; "" for any other."""
    clean = _cleaned(draft, text)
    if not clean:
        return ""
    if not _QUESTION.fullmatch(clean) or found_in(clean) or names_new(clean, source):
        draft.replaced.append("question")
        return ""
    return clean


def _has_facts(stretch: str) -> bool:
    """Tell whether a name or a number stands among words that the source does not have."""
    inner = stretch.split()[1:]  # the first word may begin a sentence
    return any(character.isdigit() for character in stretch) or any(word[:1].isupper() for word in inner)


def _judged(prepared: Prepared, draft: _Draft) -> tuple[list[str], dict[str, float]]:
    """Return every reason to make no pair of it, and what the rubric says of its scores."""
    reasons = [*_sensitive(prepared, draft), *draft.doubts]
    if not (draft.said and draft.answered):
        return [*reasons, ONE_SIDED], {}
    rubric = judged(draft.said, draft.answered, stripped=True)
    return [*reasons, *rubric.reasons], rubric.scores.named()


def _sensitive(prepared: Prepared, draft: _Draft) -> Iterator[str]:
    if prepared["found"]:
        yield f"it held secrets or personal data: {', '.join(prepared['found'])}"
    if draft.leaked:
        yield f"the curator's model wrote secrets or personal data: {', '.join(dict.fromkeys(draft.leaked))}"
    if theirs := [flag for flag in draft.flags if flag != SENSITIVE or not (prepared["found"] or draft.leaked)]:
        yield f"the curator's model flagged it: {', '.join(theirs)}"


def _beginning(prepared: Prepared) -> str:
    """Return what a memory begins with: a sentence, and no more than fits."""
    said = next(iter(sentences(prepared["said"] or prepared["answered"])), "")
    return said if len(said) <= ESSENCE else f"{said[:ESSENCE].rsplit(' ', 1)[0]} …"


def _curated(prepared: Prepared, draft: _Draft, refused: list[str], curator: dict[str, Any], moment: str) -> Curated:
    kept = Curated(
        id=prepared["id"],
        originalTimestamp=prepared["timestamp"],
        conversationId=prepared["conversation"],
        conversationalEssence=draft.essence,
        context=draft.context,
        userMessage=draft.said,
        assistantResponse=draft.answered,
        curatedAt=moment,
        flags=draft.flags,
        suitableForTraining=not refused,
        refused=refused,
        source={key: prepared[key] for key in _SOURCE},
        curator=curator,
        review=None,
    )
    return Curated(**{**kept, "question": draft.question}) if draft.question else kept
