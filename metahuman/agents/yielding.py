"""How work in the background lets a person's turn go first: its model calls are cancelled, and made again after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from metahuman.agents.person import PersonTurns
from metahuman.home import Home

T = TypeVar("T")
#: Seconds between two looks: the most that a person waits until a call in the background is given up.
EVERY = 0.02
#: Seconds of quiet after a turn before calls are made again: who has just been answered often says something more.
REST = 1.0


class Yielding:
    """Lets the turns of a home's person go first, in whatever process they are. One serves all that runs on a loop.

    Args:
        home: The home.
        every: Seconds between two looks.
        rest: Seconds of quiet after a turn before calls are made again.
    """

    def __init__(self, home: Home, *, every: float = EVERY, rest: float = REST) -> None:
        self._turns, self._every, self._rest = PersonTurns(home), every, rest
        self._calls, self._given_up = set[asyncio.Future[Any]](), set[asyncio.Future[Any]]()
        self._guests, self._free = 0, asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None

    async def when_free(self) -> None:
        """Return when no person's turn is under way in any process of the home."""
        with self._watching():
            await self._free.wait()

    async def gently(self, make: Callable[[], Awaitable[T]]) -> T:
        """Make a model call in the background, and return what it returns.

        Where a person's turn begins meanwhile, the call is cancelled, and made again after the turn.

        Args:
            make: Makes the call; it is asked anew for each try.
        """
        with self._watching():
            while True:
                await self._free.wait()
                call = asyncio.ensure_future(make())
                if await self._ends(call):
                    return call.result()

    async def _ends(self, call: asyncio.Future[Any]) -> bool:
        """Wait for a call; tell whether it came to its own end, and was not given up for a person."""
        self._calls.add(call)
        try:
            await asyncio.wait([call])
        finally:
            self._calls.discard(call)
            given_up = call in self._given_up
            self._given_up.discard(call)
            if not call.done():  # whoever asked for it is cancelled: nothing of it may go on alone
                call.cancel()
                await asyncio.wait([call])
        # What was cancelled may have ended in an error of its own making, or with an answer at the last moment.
        return not given_up or not (call.cancelled() or call.exception())

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Have the turns watched while the block runs; however many blocks there are, one watches."""
        if not self._guests:
            self._free = asyncio.Event()  # the one before may belong to another loop
            self._watcher = asyncio.get_running_loop().create_task(self._watch())
        self._guests += 1
        try:
            yield
        finally:
            self._guests -= 1
            if not self._guests and self._watcher:
                self._watcher.cancel()

    async def _watch(self) -> None:
        now = asyncio.get_running_loop().time
        quiet_from = now()
        while True:
            if await asyncio.to_thread(self._turns.under_way):
                quiet_from = now() + self._rest
                self._free.clear()
                self._give_up()
            elif now() >= quiet_from:
                self._free.set()
            await asyncio.sleep(self._every)

    def _give_up(self) -> None:
        for call in self._calls - self._given_up:
            self._given_up.add(call)
            call.cancel()
