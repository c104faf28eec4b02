"""Curated memories written: first their files, then the marks of the memories, then what the index tells of both.

A kill in between leaves a file whose memory is not marked: the next run sees that nothing has changed, and marks it.
There is never a mark without its file, and no memory gets two: its file keeps its name for good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from metahuman.memory.curation.likeness import ALIKE, Sketch, alike, bands
from metahuman.memory.curation.many_files import THREADS, write_all
from metahuman.memory.curation.marking import mark
from metahuman.memory.curation.shelf import DOUBLED, Shelf, pair_sketch
from metahuman.memory.keeper import MemoryKeeper
from metahuman.state.curating import Curated
from metahuman.state.files import as_json, store_errors


class Keeping:
    """Where curated memories are kept.

    Args:
        keeper: The memories that they are made from.
        shelf: The index over their folder.
        dry: Whether only the index learns of them: then nothing else is written.
    """

    def __init__(self, keeper: MemoryKeeper, shelf: Shelf, *, dry: bool = False) -> None:
        self._keeper, self._shelf, self._dry = keeper, shelf, dry
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="curation")

    def keep(self, curated: Sequence[Curated]) -> list[Curated]:
        """Write curated memories and mark what they were made from; return them as they were written.

        Of two that are nearly the same, only the first is a pair. Nothing stays of one whose memory was forgotten
        meanwhile.

        Raises:
            StoreError: If something cannot be written; what was written by then stands.
        """
        before = dict[int, tuple[str, Sketch]]()
        kept = [self._once(one, before) for one in curated]
        names = self._names(kept)
        if not self._dry:
            write_all(self._pool, {self._shelf.folder / names[one["id"]]: as_json(one) for one in kept})
        self._shelf.put({names[one["id"]]: one for one in kept})
        if not self._dry:
            self.mark({one["id"]: one for one in kept}, names)
        return kept

    def mark(self, curated: Mapping[str, Curated], names: Mapping[str, str]) -> None:
        """Mark the memories of curated ones that are written, and note how they stand then.

        Args:
            curated: What was kept of each, by id.
            names: Their files' names.
        """
        marks = mark(self._keeper, curated, self._pool)
        for memory_id in (name for name, became in marks.items() if became == "gone"):
            path = self._shelf.folder / names[memory_id]
            with store_errors(path):
                path.unlink(missing_ok=True)
        found = self._keeper.index.find([name for name, became in marks.items() if became == "marked"])
        self._shelf.saw({memory_id: one.document.stamp for memory_id, one in found.items()})

    def close(self) -> None:
        """End the threads that write."""
        self._pool.shutdown()

    def _once(self, curated: Curated, before: dict[int, tuple[str, Sketch]]) -> Curated:
        """Return a curated memory, refused if one nearly the same is there, or comes `before` it, by their bands."""
        shape = pair_sketch(curated)
        mine = bands(shape)
        near = {name: other for band in mine if band in before for name, other in [before[band]]}
        same = self._shelf.like(shape, curated["id"]) if shape else None
        same = same or next((name for name, other in near.items() if alike(shape, other) >= ALIKE), None)
        if same:
            return Curated(**{**curated, "refused": [f"{DOUBLED}{same}"], "suitableForTraining": False})
        before |= dict.fromkeys(mine, (curated["id"], shape))
        return curated

    def _names(self, curated: Sequence[Curated]) -> dict[str, str]:
        """Return what the files are called: after the day on which a memory was first curated."""
        known = self._shelf.names([one["id"] for one in curated])
        return {one["id"]: known.get(one["id"], f"{one['curatedAt'][:10]}-{one['id']}.json") for one in curated}
