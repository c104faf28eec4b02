"""The twin that is served: opened when its registry can be used, and closed in the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request

from metahuman.feedback import Feedback
from metahuman.home import Home
from metahuman.models.providers import Provider, open_provider
from metahuman.server.passing import PassingTurns
from metahuman.state.commands import destination_named
from metahuman.turns import Turns
from metahuman.wiring import HomeServices, open_services

#: Seconds that a turn waits for another one on the same thread.
PATIENCE = 10.0


class Opened(Feedback):
    """A twin whose registry can be used; what `MetaHuman` does for callers that wait, it does on the server's loop.

    Args:
        home: Its home.
        services: Its services.
    """

    def __init__(self, home: Home, services: HomeServices) -> None:
        self.home, self.services = home, services
        self.turns = self._turns = Turns(home, services, PATIENCE)
        self.passing = PassingTurns(home, services)

    async def acorrect(self, right: Sequence[str], thread: str) -> None:
        """Say where the last turn of a thread ought to have gone; errors as for `MetaHuman.correct`."""
        await self._correct([destination_named(word) for word in right], thread)

    async def afeedback(self, score: float, comment: str, turn: str | None, thread: str) -> None:
        """Say how good an answer was; errors as for `MetaHuman.feedback`."""
        await self._feedback(score, comment, turn, thread)

    async def aclose(self) -> None:
        """Close what is open."""
        await self.turns.close()
        await asyncio.to_thread(self.passing.close)
        await self.services.aclose()


class ServedTwin:
    """A twin, once its registry can be used: the server runs without one, and says what is wrong.

    Args:
        home: Its home.
        providers: Finds a model provider by name.
    """

    def __init__(self, home: Home, providers: Callable[[str], Provider] = open_provider) -> None:
        self.home, self.providers = home, providers
        self._opened: Opened | None = None
        self._lock = threading.Lock()

    @property
    def opened(self) -> Opened | None:
        """The twin, if it is open."""
        return self._opened

    def open(self) -> Opened:
        """Return the twin, opened if it is not. It reads files.

        Raises:
            SettingError: If the registry cannot be used.
            StoreError: If the home cannot be read.
        """
        with self._lock:
            if self._opened is None:
                self.home.create()
                self._opened = Opened(self.home, open_services(self.home, self.providers))
            return self._opened

    async def aclose(self) -> None:
        """Close what is open."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened:
            await opened.aclose()


def _twin(request: Request) -> Opened:
    served: ServedTwin = request.app.state.twin
    return served.opened or served.open()


#: What a handler asks for: the open twin. Where it cannot be opened, the client is told why.
Twin = Annotated[Opened, Depends(_twin)]
#: For the type of JSON objects.
JSON = dict[str, Any]
