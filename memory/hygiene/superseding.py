"""A fact that contradicts an older one takes its place: the older one is kept, with the day it ceased to hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from metahuman.memory.hygiene.edits import Edit, ended, facts_of, note, with_facts
from metahuman.memory.hygiene.facts import Fact, stated
from metahuman.memory.index import MemoryIndex, Where
from metahuman.state.memories import SPOKEN_OF, Memory

#: Memories of one matter that are looked at; what is said over and over is merged, so there are seldom more.
LIMIT = 30

Read = Callable[[str], Memory | None]


def states_facts(memory: Memory) -> bool:
    """Tell whether a memory's "I" is the owner, and the memory no machine's summary."""
    return memory.type in SPOKEN_OF and memory.type != "summary" and not memory.metadata.speaker


def succession(memory: Memory, index: MemoryIndex, read: Read) -> tuple[Memory, list[Edit]]:
    """Return a memory with its facts noted and the older ones it supersedes, and what that changes in those.

    A memory that is older than what it contradicts, as from an import, is itself the one that no longer holds.

    Args:
        memory: One that is not saved yet.
        index: Finds the memories that state something of the same matter.
        read: Returns a memory by its id.
    """
    facts = stated(memory.content, memory.at).facts if states_facts(memory) else ()
    if not facts:
        return memory, []
    memory = with_facts(memory, facts)
    rivals = _rivals(memory, facts, index, read)
    older = [(rival, theirs) for rival, theirs in rivals if rival.at <= memory.at]
    edits = [Edit(rival.id, partial(ended, facts=theirs, by=memory.id, at=memory.timestamp)) for rival, theirs in older]
    if edits:
        memory = _closing(memory, [edit.id for edit in edits])
    return _if_late(memory, [rival for rival, _ in rivals if rival.at > memory.at]), edits


def _closing(memory: Memory, ids: list[str]) -> Memory:
    metadata = memory.metadata.model_copy(update={"supersedes": ids, "valid_from": memory.timestamp})
    return memory.model_copy(update={"metadata": metadata})


def _rivals(
    memory: Memory, facts: tuple[Fact, ...], index: MemoryIndex, read: Read
) -> list[tuple[Memory, tuple[Fact, ...]]]:
    """Return the memories that contradict, each with those of its facts that do and still hold."""
    found = []
    for old in _of_same_matters(memory, facts, index, read):
        late = old.at > memory.at  # what came later contradicts, even if it has ended by now
        theirs = tuple(
            fact
            for fact, until in facts_of(old)
            if (late or not until) and any(mine.contradicts(fact) for mine in facts)
        )
        if theirs:
            found.append((old, theirs))
    return found


def _of_same_matters(memory: Memory, facts: tuple[Fact, ...], index: MemoryIndex, read: Read) -> list[Memory]:
    found = _search(facts, index, current=True)
    if any(at > memory.at.timestamp() for at in found.values()):
        found |= _search(facts, index, current=False)
    return [old for one in found if one != memory.id and (old := read(one)) and not note(old, "noise")]


def _search(facts: tuple[Fact, ...], index: MemoryIndex, *, current: bool) -> dict[str, float]:
    hits = (index.search([fact.sign], Where(current=current), LIMIT) for fact in facts)
    return {one.document.id: one.document.at for found in hits for one in found}


def _if_late(memory: Memory, later: list[Memory]) -> Memory:
    """Return the memory with each of its facts closed by the first of the later ones that contradicts it."""
    for rival in sorted(later, key=lambda one: one.at):
        theirs = [fact for fact, _ in facts_of(rival)]
        mine = [fact for fact, until in facts_of(memory) if not until and any(map(fact.contradicts, theirs))]
        memory = ended(memory, tuple(mine), rival.id, rival.timestamp) if mine else memory
    return memory
