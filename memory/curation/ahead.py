"""The gates run ahead: over many memories at a time, in other processes, while those before them are written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor, Future

from metahuman.memory.curation.judging import judged_memory
from metahuman.memory.curation.preparing import prepared
from metahuman.state.curating import Curated, Prepared
from metahuman.state.memories import Memory

#: Memories that a process is handed at a time: enough that handing them over costs little.
SHARE = 25
Gated = tuple[Prepared, Curated]


class Ahead:
    """What becomes of memories by rules alone, found out before anybody asks.

    Args:
        workers: The processes.
    """

    def __init__(self, workers: Executor) -> None:
        self.workers = workers
        self._shares = dict[str, Future[dict[str, Gated]]]()

    def begin(self, memories: Sequence[Memory], moment: str) -> None:
        """Have memories looked at; this returns at once.

        Args:
            memories: The memories.
            moment: When they are curated, as files have it.
        """
        for start in range(0, len(memories), SHARE):
            share = memories[start : start + SHARE]
            done = self.workers.submit(_gated, share, moment)
            self._shares |= {memory.id: done for memory in share}

    async def prepared(self, memory_id: str) -> Prepared | None:
        """Return a memory made ready; None for one that was never begun."""
        share = self._shares.get(memory_id)
        return (await asyncio.wrap_future(share))[memory_id][0] if share else None

    async def judged(self, memory_id: str) -> Curated | None:
        """Return what is kept of a memory, once; None for one that was never begun."""
        share = self._shares.pop(memory_id, None)
        return (await asyncio.wrap_future(share))[memory_id][1] if share else None


def _gated(memories: Sequence[Memory], moment: str) -> dict[str, Gated]:
    made = [prepared(memory) for memory in memories]
    return {one["id"]: (one, judged_memory(one, None, {}, moment)) for one in made}
