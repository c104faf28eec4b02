"""Which memories are to be curated: those that nobody has, and those that were changed since; the oldest first."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import cast

from metahuman.memory.curation.keeping import Keeping
from metahuman.memory.curation.preparing import passed_over, source_hash
from metahuman.memory.curation.shelf import Shelf, Shelved
from metahuman.memory.index import Document, Stamp
from metahuman.memory.keeper import MemoryKeeper
from metahuman.memory.store.documents import NOISE
from metahuman.state.curating import Curated
from metahuman.state.files import read_json
from metahuman.state.memories import INNER, Memory

#: Documents that are looked up at a time, and memories that are read.
AT_A_TIME, READ = 1_000, 64
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


class Waiting:
    """What is to be curated in one run; each memory is handed out once.

    Args:
        keeper: The memories.
        shelf: What has been curated.
        keeping: Marks what a run that died has written and not marked.
        dry: Whether nothing may be written.
    """

    def __init__(self, keeper: MemoryKeeper, shelf: Shelf, keeping: Keeping, *, dry: bool = False) -> None:
        self._keeper, self._shelf, self._keeping, self._dry = keeper, shelf, keeping, dry
        self._documents: deque[Document] | None = None
        self._changed = set[str]()

    def take(self, limit: int) -> list[Memory]:
        """Return the next memories, so many at most.

        Raises:
            StoreError: If the memories, or what was curated, cannot be read.
        """
        waiting, found = self._looked(), list[Memory]()
        while waiting and len(found) < limit:
            next_ones = [waiting.popleft() for _ in range(min(READ, limit - len(found), len(waiting)))]
            found += filter(self._is_due, self._keeper.shown(next_ones))
        return found

    def count(self) -> int:
        """Return how many may be left, some of which may turn out to be marked already."""
        return len(self._looked())

    def _looked(self) -> deque[Document]:
        if self._documents is None:
            self._documents = deque(self._look())
        return self._documents

    def _is_due(self, memory: Memory) -> bool:
        return not passed_over(memory) and (not memory.metadata.curated or memory.id in self._changed)

    def _look(self) -> list[Document]:
        self._shelf.sync()
        known, tries, new, doubtful = self._shelf.all(), self._shelf.tries(), list[str](), list[str]()
        for name, _, stamp in self._keeper.index.stamps():
            row = known.get(name)
            if row is None:
                new.append(name)
            elif row.double and row.double not in known and not row.reviewed:
                self._changed.add(name)  # what it was like is forgotten, and it may be a pair now
            elif row.hash and row.seen != stamp:
                doubtful.append(name)
        self._changed |= {memory_id for some in _parts(doubtful) for memory_id in self._compared(some, known)}
        wanted = [name for name in (*new, *self._changed) if _ID.fullmatch(name)]  # it becomes a file's name
        found = (one.document for some in _parts(wanted) for one in self._keeper.index.find(some).values())
        mine = [one for one in found if one.type not in (*INNER, NOISE) and one.current]
        return sorted(mine, key=lambda one: (tries.get(one.id, 0), one.at, one.id))

    def _compared(self, ids: list[str], known: Mapping[str, Shelved]) -> Iterator[str]:
        """Yield which of these memories were changed since they were curated; note that the others were not."""
        documents = [one.document for one in self._keeper.index.find(ids).values()]
        same, unmarked = dict[str, Stamp](), list[str]()
        stamps = {one.id: one.stamp for one in documents}
        for memory in self._keeper.shown(documents):
            if _differs(memory, known[memory.id]):
                yield memory.id
            elif memory.metadata.curated:
                same[memory.id] = stamps[memory.id]
            else:
                unmarked.append(memory.id)
        if not self._dry:
            self._shelf.saw(same)
            self._mark(unmarked)

    def _mark(self, ids: list[str]) -> None:
        """Mark memories whose curated copies were written by a run that died over it."""
        names = self._shelf.names(ids)
        copies = {memory_id: cast(Curated, read_json(self._shelf.folder / name)) for memory_id, name in names.items()}
        self._keeping.mark(copies, names)


def _differs(memory: Memory, row: Shelved) -> bool:
    """Tell whether a memory is to be curated anew: one that its owner has reviewed only if they took back consent."""
    if memory.metadata.training_consent != row.consent:
        return not (row.reviewed and memory.metadata.training_consent)
    return not row.reviewed and source_hash(memory) != row.hash


def _parts(ids: list[str]) -> Iterator[list[str]]:
    waiting = iter(ids)
    while some := list(islice(waiting, AT_A_TIME)):
        yield some
