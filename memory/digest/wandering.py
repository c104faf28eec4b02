"""How one memory brings another to mind: by a link, or by what both name."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from random import Random
from typing import Any, NamedTuple

from metahuman.memory.digest.terms import is_telling
from metahuman.memory.hygiene.told import content_of
from metahuman.memory.index import Candidate, Document, Where
from metahuman.memory.keeper import MemoryKeeper
from metahuman.memory.recall.words import told_stems
from metahuman.state.dreaming import Linked
from metahuman.state.memories import SPOKEN_OF, Memory
from metahuman.state.moments import iso

#: Memories of a chain: fewer than `FEWEST` are none.
STEPS, FEWEST = 5, 2
#: The latest memories that a chain may begin with, and days after which one is half as likely to.
LATEST, HALF_LIFE = 60, 4.0
#: The rarest words of a memory, by which others are found.
RAREST = 12
#: Memories that words find, and those of them that one is chosen from; characters that are told of one.
FOUND, FEW, TOLD = 30, 4, 600
#: Words that two memories share, as they are told.
SHARED = 3
#: What a chain is made of: nobody dreams of dreams.
WHERE = Where(types=SPOKEN_OF, current=False)


class _Thought(NamedTuple):
    """A memory that may come to mind next, why, and how much pulls it there."""

    document: Document
    why: str
    pull: float


def wander(keeper: MemoryKeeper, now: datetime, random: Random) -> list[Linked]:
    """Return a chain of memories, each of which brought the next to mind; [] where there are too few.

    Args:
        keeper: The memories.
        now: When this is.
        random: What decides between thoughts of about equal pull.
    """
    recent = [one.document for one in keeper.index.latest(WHERE, LATEST)]
    starts = [_Thought(one, "lately", _salience(one, now)) for one in recent]
    while starts:
        start = _drawn(starts, random)
        chain = _chain(keeper, start, random)
        if len(chain) >= FEWEST:
            return chain
        starts.remove(start)
    return []


def _chain(keeper: MemoryKeeper, start: _Thought, random: Random) -> list[Linked]:
    chain, seen, thoughts = list[Linked](), set[str](), [start]
    while thoughts and len(chain) < STEPS:
        thought = _drawn(thoughts, random)
        thoughts.remove(thought)
        seen.add(thought.document.id)
        for memory in keeper.shown([thought.document]):
            chain.append(_linked(memory, thought.why))
            thoughts = _next(keeper, memory, thought.document, seen)
    return chain


def _drawn(thoughts: Sequence[_Thought], random: Random) -> _Thought:
    return random.choices(thoughts, [one.pull for one in thoughts])[0]


def _salience(document: Document, now: datetime) -> float:
    """Return how likely a memory is to begin a chain: the more it tells and names, and the newer it is."""
    days = max(now.timestamp() - document.at, 0) / 86_400
    tells = len(set(document.words.split())) + 2 * len(set(document.told.split()))
    return float(math.log2(2 + tells) * 0.5 ** (days / HALF_LIFE)) + 1e-9


def _next(keeper: MemoryKeeper, memory: Memory, document: Document, seen: Collection[str]) -> list[_Thought]:
    """Return what a memory brings to mind; links, and what others name, too; of another conversation, if any is."""
    found = [*_by_links(keeper, memory), *_by_search(keeper, memory, document)]
    fresh = [one for one in found if one.document.id not in seen and one.document.type in SPOKEN_OF]
    elsewhere = [one for one in fresh if not document.thread or one.document.thread != document.thread]
    return list({one.document.id: one for one in reversed(elsewhere or fresh)}.values())


def _by_links(keeper: MemoryKeeper, memory: Memory) -> Iterator[_Thought]:
    ids = [*_ids(memory.links), *memory.metadata.supersedes, *filter(None, [memory.metadata.superseded_by])]
    for one in keeper.index.find(ids).values():
        yield _Thought(one.document, "linked", float(FEW))


def _ids(links: Sequence[Any]) -> list[str]:
    """Return the texts in links that may be ids: links themselves, or any value of those that are objects."""
    values = [value for link in links for value in (link.values() if isinstance(link, dict) else [link])]
    return [value for value in values if isinstance(value, str)]


def _by_search(keeper: MemoryKeeper, memory: Memory, document: Document) -> Iterator[_Thought]:
    """Yield the memories that share the rarest telling words, the nearest pulling most."""
    told = "\n".join([content_of(memory), *memory.tags, *_names(memory.entities)])
    words = {word.stem: word.word for word in told_stems(told) if is_telling(word)}
    known = keeper.index.frequencies(sorted(words))
    shared_by_some = (stem for stem in known if known[stem] > 1)
    rarest = sorted(shared_by_some, key=lambda stem: (known[stem], stem))[:RAREST]
    found = keeper.index.search(rarest, WHERE, FOUND) if rarest else []
    for rank, one in enumerate(_others(found, document)[:FEW]):
        theirs = {*one.document.words.split(), *one.document.told.split()}
        shared = [words[stem] for stem in rarest if stem in theirs]
        yield _Thought(one.document, f"both: {', '.join(shared[:SHARED])}", FEW - rank)


def _names(entities: Sequence[Any]) -> list[str]:
    found = [one.get("name") if isinstance(one, dict) else one for one in entities]
    return [name for name in found if isinstance(name, str)]


def _others(found: Sequence[Candidate], document: Document) -> list[Candidate]:
    """Return candidates of other conversations, else all but the memory itself."""
    others = [one for one in found if one.document.id != document.id]
    return [one for one in others if not document.thread or one.document.thread != document.thread] or others


def _linked(memory: Memory, why: str) -> Linked:
    text = content_of(memory)
    return Linked(id=memory.id, at=iso(memory.at), text=text if len(text) <= TOLD else f"{text[:TOLD]}…", why=why)
