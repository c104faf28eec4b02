"""Memories as a person deals with them: named in short, one after the other, and forgotten."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from metahuman.home import Home
from metahuman.memory.home import HomeMemory
from metahuman.memory.index import Document, MemoryIndex, Where
from metahuman.memory.persona.cache import AuditedPersonaCache
from metahuman.memory.recall.recaller import Wanted
from metahuman.memory.revising import memory_problems, revise
from metahuman.memory.store.episodic import patched
from metahuman.state.errors import BadChoice, SettingError
from metahuman.state.events import memory_edited, memory_forgotten
from metahuman.state.memories import Memory
from metahuman.state.persona_cache import HUMAN
from metahuman.state.services import Audit, Clock

if TYPE_CHECKING:
    from metahuman.memory.store.forgetting import Forgotten
    from metahuman.memory.store.keeping import Progress

#: Documents that are read from the index at a time.
PAGE = 2_000
#: Files that are read at a time.
BATCH = 50
#: Ids that are named where a short one may be any of several.
NAMED = 5


class Recalled(NamedTuple):
    """A memory that came to mind, how well it answers, and why."""

    memory: Memory
    score: float
    why: str


def recalled(memory: HomeMemory, wanted: Wanted) -> list[Recalled]:
    """Return the memories that answer best, best first; none where nothing comes to mind.

    Raises:
        StoreError: If memories cannot be read.
    """
    hits = memory.recollection.find(wanted)
    kept = {one.id: one for one in memory.keeper.shown([hit.document for hit in hits])}
    return [Recalled(kept[hit.document.id], hit.score, hit.why) for hit in hits if hit.document.id in kept]


def edit(memory: HomeMemory, before: Memory, change: Mapping[str, Any], audit: Audit) -> list[str]:
    """Change a memory on a person's word, and write that down; what others changed meanwhile stays.

    Args:
        memory: Where it is.
        before: The memory, as the person saw it.
        change: What is merged into it (RFC 7396): null takes a key out.
        audit: Where it is written down.

    Returns:
        The keys that were changed.

    Raises:
        SettingError: If it would be no memory any more; the error names the key.
        StoreError: If it cannot be written.
    """
    content, place = patched(before.as_json(), change), Path(before.id)
    if problems := memory_problems(content, place, before.id):
        raise SettingError(place, problems[0].key, problems[0].problem, problems[0].remedy)
    if changed := revise(memory.keeper, before, content, place):
        audit.record(memory_edited(before.id, changed))
    return changed


def named(memory: HomeMemory, word: str) -> str:
    """Return the id that `word` is, or that it alone begins.

    Raises:
        BadChoice: If it is none, or begins several.
    """
    index = memory.keeper.index
    if word in index.find([word]):
        return word
    begun = (memory_id for memory_id, _, _ in index.stamps() if word and memory_id.startswith(word))
    found = list(islice(begun, NAMED + 1))
    if len(found) > 1:
        several = ", ".join([*found[:NAMED], *(["…"] if len(found) > NAMED else [])])
        raise BadChoice(f"{word!r} may be any of {several}: write more of it")
    if not found:
        memory.keeper.place(word)  # it may lie in a file that holds no memory any more
    return found[0] if found else word


def documents(index: MemoryIndex, where: Where, page: int = PAGE) -> Iterator[Document]:
    """Yield documents, the newest first; few of them are held at a time.

    Args:
        index: Where they are.
        where: Which.
        page: How many are read at a time; more where more are of the same moment.
    """
    until = where.until
    while True:
        found = index.latest(replace(where, until=until), page)
        last = len(found) < page
        oldest = found[-1].document.at if found else 0.0
        whole = [one.document for one in found if last or one.document.at > oldest]
        yield from whole
        if last:
            return
        # Those of the oldest moment come with the next page, so that none is left out between the two.
        until, page = (math.nextafter(oldest, math.inf), page) if whole else (until, page * 2)


def newest(memory: HomeMemory, where: Where, types: Sequence[str], thread: str | None = None) -> Iterator[Memory]:
    """Yield memories, the newest first; one without a use for recall is of its own type, too.

    Args:
        memory: Where they are.
        where: Which.
        types: Only of these types; none for all.
        thread: Only of this conversation.
    """
    told = (one for one in documents(memory.keeper.index, where) if thread in (None, one.thread))
    while batch := list(islice(told, BATCH)):
        yield from (one for one in memory.keeper.shown(batch) if not types or one.type in types)


def forget(
    home: Home,
    memory: HomeMemory,
    memory_id: str,
    threads: Sequence[str],
    audit: Audit,
    clock: Clock,
    progress: Progress | None = None,
) -> tuple[Forgotten, bool]:
    """Forget a memory with what was made from it, on a person's word, and write that down.

    Args:
        home: The home.
        memory: Its memory.
        memory_id: Which memory.
        threads: The conversations that were deleted with it.
        audit: Where it is written down.
        clock: What time it is.
        progress: Told how many of the other memories were looked through, of how many.

    Returns:
        What went with it, and whether the persona cache had learned something from it.

    Raises:
        BadChoice: If there is no such memory.
        StoreError: If something cannot be deleted.
    """
    learned = AuditedPersonaCache(memory.persona.cache, audit, clock).forget_memory(memory_id, actor=HUMAN)
    gone = memory.keeper.forget(home.root, memory_id, progress)
    told = {"path": gone.place, **{key: value for key, value in gone._asdict().items() if key != "place"}}
    audit.record(memory_forgotten(memory_id, {**told, "personaCache": learned, "threads": list(threads)}))
    return gone, learned
