"""Facts that the owner states plainly, the latest word on each matter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from metahuman.memory.curation.cleaning import found_in
from metahuman.memory.digest.wordings import clauses, stands_in, words_of
from metahuman.memory.hygiene.facts import OWNER, Fact, stated
from metahuman.memory.hygiene.wording import plain, sentences, words
from metahuman.state.ages import moment_of
from metahuman.state.digesting import Item, Noted
from metahuman.state.persona_cache import SOURCES

#: What turns a sentence into something else than a plain statement.
_HEDGED = re.compile(
    r"\?|\b(?:not|no|never|without|if|unless|would|could|should|might|may|maybe|perhaps|probably|possibly|wish|hope"
    r"|want"
    r"|plan|planning|going to|gonna|will|thinking of|dream|almost|guess|joking|kidding|said|says|told|claims?|imagine"
    r"|pretend|suppose|used to|until|no longer|any ?more|nicht|kein\w*|nie|wenn|falls|würde|vielleicht|möchte|nunca"
    r"|quizás?"
    r"|pas|jamais|peut-être)\b|n't\b|[\"\u201c\u201e\u00ab]",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:i|i'm|i've|my|mine|we|we're|our|me|ich|meine?|wir|unser|yo|mi|mis|je|j'|mon|ma|mes)\b", re.I)


def facts(noted: Sequence[Noted]) -> list[Item]:
    """Return what the owner states of themselves, and what they say holds no longer; the latest word stands.

    Args:
        noted: The memories, oldest first.
    """
    latest = dict[tuple[str, str], tuple[Fact, str, list[str]]]()
    for one in noted:
        if one["own"] and one["current"]:
            for fact in stated(one["said"], moment_of(one["at"])).facts:
                _take(latest, fact, one)
    rows = sorted(latest.values(), key=lambda row: row[0].attribute)
    return [
        Item(kind="fact", text=key_of(fact), value=value, ended=fact.ended, memories=ids[-SOURCES:], by="rules")
        for fact, value, ids in rows
        if not found_in(f"{key_of(fact)}: {value}")
    ]


def key_of(fact: Fact) -> str:
    """Return what a fact is about, as the persona cache names it."""
    return fact.attribute if fact.subject == OWNER else f"{fact.subject}'s {fact.attribute}"


def is_grounded(value: str, text: str) -> bool:
    """Tell whether a text says a value of its writer, plainly: in a sentence of their own with nothing that hedges.

    Args:
        value: What a model says they said.
        text: What they said.
    """
    wanted = words_of(value)
    for sentence in sentences(plain(text)):
        if stands_in(wanted, clauses(sentence)):
            return bool(_OWN.search(sentence)) and not _HEDGED.search(sentence)
    return False


def _take(latest: dict[tuple[str, str], tuple[Fact, str, list[str]]], fact: Fact, one: Noted) -> None:
    matter = (fact.subject, fact.attribute)
    before, value, ids = latest.get(matter, (fact, "", []))
    if not ids or before.contradicts(fact) or fact.ended or before.ended:
        latest[matter] = (fact, _as_written(fact.value, one["said"]), [one["id"]])
    else:
        latest[matter] = (before, value, [*ids, one["id"]])


def _as_written(value: str, text: str) -> str:
    """Return a value as the text has it, with its capitals; as it is where the text has it otherwise."""
    pattern = r"\W+".join(map(re.escape, words(value))) if value else ""
    found = re.search(rf"(?<!\w){pattern}(?!\w)", plain(text), re.IGNORECASE) if pattern else None
    return " ".join(found[0].split()) if found else value
