"""What is said again in the same words is counted, not kept twice; but only what holds, never what happened."""

from __future__ import annotations

import re

from metahuman.memory.hygiene.edits import noise_of
from metahuman.memory.hygiene.facts import stated
from metahuman.memory.hygiene.superseding import Read
from metahuman.memory.hygiene.wording import opened, plain, weighty
from metahuman.memory.index import MemoryIndex, Where
from metahuman.memory.recall.words import told_stems
from metahuman.state.memories import Memory

#: Longer texts are stories, which are told of a day.
LONGEST = 60
#: A text is looked up by its rarest stems; one of the same words has them all, so it comes first.
STEMS, LIMIT = 4, 12

_HAPPENED = re.compile(
    r"\b(?:today|tonight|yesterday|tomorrow|this (?:morning|evening|afternoon|week|month|year|time)|last|next|ago"
    r"|just now|right now|at the moment|earlier|later|soon|again|first time|was|were|did|didn't|had|went|got|made|saw"
    r"|took|came|ate|ran|bought|met|gave|found|left|won|lost|felt|slept|woke|drank|wrote|spent|paid|broke|fell|sold"
    r"|told|said|spoke|will|i'll|going to|remind|heute|gestern|morgen|war|hatte|ging|hoy|ayer|mañana|fue|hier"
    r"|aujourd'hui|demain|était|(?!married\b|divorced\b|engaged\b|retired\b|named\b|called\b|allergi\w+\b|scared\b"
    r"|interested\b|need\b|hundred\b|red\b)\w{3,}ed)\b"
    r"|\?",
    re.IGNORECASE,
)
_HOLDS = re.compile(
    r"\b(?:like|likes|love|loves|hate|hates|prefer|prefers|dislike|dislikes|enjoy|enjoys|adore|live|lives|work|works"
    r"|own|owns|speak|speaks|believe|allergic|vegan|vegetarian|afraid of|scared of|favou?rite|name is|'s name|named"
    r"|is called|birthday|born|married|divorced|always|never|usually|hardly ever|can't stand|grew up|stands for"
    r"|belongs to|means|(?<!this )(?<!that )(?<!it )is (?:an?|the|my|our|his|her) \w+|mag|liebe|hasse|wohne|heiße"
    r"|lieblings\w*|immer|nie|me gusta|odio|vivo|favorit[oa]|siempre|nunca|j'aime|je déteste|j'habite|préférée?"
    r"|toujours|jamais)\b",
    re.IGNORECASE,
)


def holds(text: str) -> bool:
    """Tell whether a text says what is so, not what happened, was asked or is to be done.

    The same run, the same question or the same mood on another day is another event. What holds, holds once.
    """
    text = opened(plain(text))
    return not _HAPPENED.search(text) and bool(_HOLDS.search(text) or stated(text).facts)


def said_before(memory: Memory, index: MemoryIndex, read: Read) -> Memory | None:
    """Return the memory that says the same already; None if there is none.

    The same are two texts with the same words in the same order, but for articles, intensifiers and openings such as
    "by the way". A number, name, date, "not" or any other word that differs makes another fact.
    """
    said = weighty(memory.content)
    if not 2 <= len(said) <= LONGEST or not holds(memory.content):
        return None
    wanted = sorted({each.stem for each in told_stems(" ".join(said)) if each.telling})
    counts = index.frequencies(wanted)
    if not wanted or len(counts) < len(wanted):
        return None  # a word that stands nowhere stands in no duplicate
    rarest = sorted(wanted, key=lambda stem: counts[stem])[:STEMS]
    for found in index.search(rarest, Where(), LIMIT):
        document = found.document
        if document.at > memory.at.timestamp() or document.id == memory.id or not _has(document.words, wanted):
            continue
        old = read(document.id)
        if old and _same(old, memory, said):
            return old
    return None


def _has(text: str, wanted: list[str]) -> bool:
    return set(wanted) <= set(text.split())


def _same(old: Memory, new: Memory, said: list[str]) -> bool:
    alike = old.type == new.type and old.metadata.speaker == new.metadata.speaker and old.current
    return alike and not noise_of(old) and weighty(old.content) == said
