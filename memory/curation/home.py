"""The curation of a home: its memories, the curated copies of them, and the datasets that are made of these."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from metahuman.memory.curation.ahead import Ahead
from metahuman.memory.curation.judging import judged_memory
from metahuman.memory.curation.keeping import Keeping
from metahuman.memory.curation.likeness import sketch
from metahuman.memory.curation.preparing import prepared
from metahuman.memory.curation.shelf import DOUBLED, Shelf
from metahuman.memory.curation.together import Together
from metahuman.memory.curation.waiting import Waiting
from metahuman.memory.keeper import MemoryKeeper
from metahuman.state.curating import Curated, CuratorAnswer, Prepared
from metahuman.state.errors import BadChoice, SettingError
from metahuman.state.memories import Memory
from metahuman.state.moments import iso
from metahuman.state.services import Clock

T = TypeVar("T")


class HomeCuration:
    """The curation of one home, for one run on one event loop; see `metahuman.state.curating.Curation`.

    Args:
        root: The home.
        keeper: Its memories.
        clock: When something was curated.
        index: Where the index over what is curated lies; the home's own by default.
        dry: Whether nothing is written but that index: what would be kept is only returned.
    """

    def __init__(
        self,
        root: Path,
        keeper: MemoryKeeper,
        clock: Clock,
        *,
        index: Path | None = None,
        dry: bool = False,
    ) -> None:
        self._root, self._keeper, self._clock, self._dry = root, keeper, clock, dry
        folder = root / "memory" / "curated" / "conversations"
        self._shelf = Shelf(folder, index or root / "state" / "curation.sqlite")
        self._keeping = Keeping(keeper, self._shelf, dry=dry)
        self._waiting = Waiting(keeper, self._shelf, self._keeping, dry=dry)
        self._read, self._next = dict[str, Memory](), deque[Memory]()
        self._written = Together(self._keeping.keep)
        # One thread: reading texts keeps the interpreter busy, and two would only wait for each other.
        self._thread = ThreadPoolExecutor(1, "gates")
        self._ahead: Ahead | None = None

    async def due(self, limit: int) -> list[str]:
        """Return the ids of the next memories to curate, so many at most."""
        # Of those that come next, workers find out what becomes of them while these are written.
        wanted = limit * 2 if self._ahead else limit
        found = await asyncio.to_thread(self._waiting.take, wanted - len(self._next))
        if self._ahead:
            self._ahead.begin(found, iso(self._clock.now()))
        self._next += found
        now = [self._next.popleft() for _ in range(min(limit, len(self._next)))]
        self._read |= {memory.id: memory for memory in now}
        return [memory.id for memory in now]

    async def waiting(self) -> int:
        """Return how many memories wait to be curated, give or take what turns out to be marked already."""
        return await asyncio.to_thread(self._waiting.count)

    def use(self, workers: Executor) -> None:
        """Have other processes run the gates ahead, where rules alone decide; they stay their owner's to shut down."""
        self._ahead = Ahead(workers)

    async def prepare(self, memory_id: str) -> Prepared | None:
        """Return a memory made ready for the curator; None if it is gone."""
        memory = self._read.pop(memory_id, None) or await asyncio.to_thread(self._memory, memory_id)
        if memory is None:
            return None
        if self._ahead and (done := await self._ahead.prepared(memory_id)):
            return done  # likeness is looked at when it is written, which is soon enough where no model is asked
        made = await self._gated(prepared, memory)
        return made if made["refused"] else await asyncio.to_thread(self._compared, made)

    async def judge(self, prepared: Prepared, answer: CuratorAnswer | None, made_by: dict[str, Any]) -> Curated:
        """Return what is kept of a memory, after every gate; without an answer, by rules alone."""
        done = await self._ahead.judged(prepared["id"]) if self._ahead and answer is None else None
        if done:
            return Curated(**{**done, "curator": {**done["curator"], **made_by}})
        return await self._gated(judged_memory, prepared, answer, made_by, iso(self._clock.now()))

    async def keep(self, curated: Curated) -> Curated:
        """Write what is kept of a memory, then mark it; return what was written."""
        return await self._written(curated)

    async def put_off(self, memory_id: str) -> None:
        """Leave a memory for a later run."""
        if not self._dry:
            await asyncio.to_thread(self._shelf.put_off, memory_id)

    async def settle(self) -> int:
        """Bring the datasets up to what has been curated; return how many pairs they have."""
        from metahuman.memory.dataset.building import rebuild

        workers = self._ahead.workers if self._ahead else None
        return 0 if self._dry else await asyncio.to_thread(rebuild, self._root, workers)

    async def aclose(self) -> None:
        """Close what is open, once all that was to be written is."""
        await self._written.ended()
        self._thread.shutdown()
        self._keeping.close()
        self._shelf.close()

    def _memory(self, memory_id: str) -> Memory | None:
        try:
            return self._keeper.read(memory_id)
        except (BadChoice, SettingError):  # forgotten, or broken by hand, since it was found to be due
            return None

    def _compared(self, made: Prepared) -> Prepared:
        """Return a prepared memory, refused where a pair that is nearly the same is there."""
        both = made["said"] and made["answered"]
        same = self._shelf.like(sketch(made["said"], made["answered"]), made["id"]) if both else None
        return Prepared(**{**made, "refused": [f"{DOUBLED}{same}"]}) if same else made

    async def _gated(self, gate: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(gate, *given))
