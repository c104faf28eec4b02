"""What is imported becomes memories of the home: new ones, or more of those that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Literal

from metahuman.memory.home import HomeMemory
from metahuman.memory.importing.reading import Import
from metahuman.memory.importing.taking import grown
from metahuman.memory.revising import grow
from metahuman.state.events import AuditEvent, memories_imported
from metahuman.state.memories import Memory

#: Memories that are looked up at a time.
BATCH = 200
#: What becomes of a memory that is brought in: it is new; kept, but never recalled; said before, and counted there;
#: brought up to date; or there already.
Fate = Literal["new", "flagged", "merged", "grown", "known"]


def brought_in(memory: HomeMemory, found: Import, *, dry_run: bool = False) -> Iterator[Fate]:
    """Keep the memories of an import, and yield what became of each, once it has.

    Args:
        memory: Where they are kept.
        found: The import.
        dry_run: Whether nothing is kept.

    Raises:
        StoreError: If one cannot be written; those before it are kept.
    """
    waiting = iter(found)
    index = memory.keeper.index if not dry_run or memory.keeper.count() else None
    while batch := list(islice(waiting, BATCH)):
        known = index.find([one.id for one in batch]) if index else {}
        for one in batch:
            there = memory.keeper.read(one.id) if one.id in known else None
            yield _fate(memory, one, there, dry_run=dry_run)


def told_of(path: Path, found: Import, fates: Mapping[str, int]) -> AuditEvent:
    """Return what is written down of an import, once it is over.

    Args:
        path: What was imported.
        found: The import.
        fates: How many memories became what.
    """
    broken = sum(one.count for one in found.report.broken.values())
    return memories_imported(str(path), {"format": found.format, **fates, "broken": broken})


def _fate(memory: HomeMemory, found: Memory, there: Memory | None, *, dry_run: bool) -> Fate:
    """Keep a memory, unless that is only tried; return what became of it."""
    if there:
        if not grown(found, there):
            return "known"
        if not dry_run:
            grow(memory.keeper, there, found)
        return "grown"
    if dry_run:
        return "new"
    kept = memory.keep(found)
    if not kept.place:
        return "merged"
    return "flagged" if (kept.why or "").startswith("kept but not recalled") else "new"
