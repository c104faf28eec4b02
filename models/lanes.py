"""How many calls a provider is given at once: a card that runs one model serves one call at a time, a cloud many."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from metahuman.models.resolved import ResolvedModel

#: Calls at once where the registry does not say: Ollama's own default, and the slots of the engine in this process.
AT_ONCE = {"ollama": 1, "local": 2, "openai": 32}


class Lanes:
    """The queues before providers: what is too much waits its turn, and nothing is dropped.

    Each event loop has its own.
    """

    def __init__(self) -> None:
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Semaphore]]
        self._loops = weakref.WeakKeyDictionary()

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[Visit]:
        """Open a call's way through the queues; its place is free again when the block ends."""
        visit = Visit(self._loops.setdefault(asyncio.get_running_loop(), {}))
        try:
            yield visit
        finally:
            visit.leave()


class Visit:
    """One call on its way: it holds a place at one provider at a time.

    Args:
        lanes: The places left at each provider.
    """

    def __init__(self, lanes: dict[str, asyncio.Semaphore]) -> None:
        self._lanes, self._held = lanes, list[asyncio.Semaphore]()

    async def enter(self, model: ResolvedModel) -> None:
        """Leave the provider before, and wait for a place at that of `model`."""
        self.leave()
        most = model.settings.parallel or AT_ONCE.get(model.kind, 1)
        lane = self._lanes.setdefault(f"{model.provider} {most}", asyncio.Semaphore(most))
        await lane.acquire()
        self._held.append(lane)

    def leave(self) -> None:
        """Give the place up, if there is one."""
        while self._held:
            self._held.pop().release()
