"""What a home asks of the runs of LangGraph's own server: they let a person go first, and are alone of their kind."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler

from metahuman.agents.alone import alone
from metahuman.agents.person import PersonTurns
from metahuman.agents.silence import SILENT, silent
from metahuman.home import Home
from metahuman.state.errors import MetaHumanError


class Runs(AsyncCallbackHandler):
    """Holds something from a run's beginning to its end, its failure, or its question to a person."""

    raise_error = True

    def __init__(self) -> None:
        self._held = dict[UUID, AsyncExitStack]()

    @abstractmethod
    def hold(self) -> AbstractAsyncContextManager[None]:
        """Return what is held; what it raises fails the run before its first step."""

    async def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **_: Any
    ) -> None:
        """Begin to hold it; what runs inside of a run is no other."""
        if parent_run_id is None:
            held = AsyncExitStack()
            await held.enter_async_context(self.hold())
            self._held[run_id] = held

    async def on_chain_end(self, outputs: Any, *, run_id: UUID, **_: Any) -> None:
        """Let it go."""
        await self._let_go(run_id)

    async def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """Let it go."""
        await self._let_go(run_id)

    async def _let_go(self, run_id: UUID) -> None:
        if held := self._held.pop(run_id, None):
            await held.aclose()


class PersonsTurn(Runs):
    """A turn of the home's person.

    Args:
        home: The home.
    """

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._turns = PersonTurns(home)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Let others see that it is under way."""
        held = self._turns.hold()
        await asyncio.to_thread(held.__enter__)
        try:
            yield
        finally:
            await asyncio.to_thread(held.__exit__, None, None, None)


class Alone(Runs):
    """A run in the background, of which a home has one at a time.

    Args:
        home: The home.
        name: Its kind.
        ready: Brings the index of memories up to their files.
    """

    def __init__(self, home: Home, name: str, ready: Callable[[], object]) -> None:
        super().__init__()
        self._home, self._name, self._ready = home, name, ready

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Be alone.

        Raises:
            AlreadyRunning: If another is under way in the home.
            MetaHumanError: If the owner's mode is one in which nothing is written.
        """
        if await asyncio.to_thread(silent, self._home):
            raise MetaHumanError(f"{self._name} does not run: {SILENT}")
        async with alone(self._home, self._name):
            await asyncio.to_thread(self._ready)
            yield
