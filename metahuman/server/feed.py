"""What is new, for whoever watches: audit events as they are written, and the status as it changes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from metahuman.audit.reader import Entry, Reader
from metahuman.home import Home
from metahuman.server.iterating import reading
from metahuman.state.errors import StoreError

#: Things that wait for a watcher who does not keep up; then the oldest are dropped.
WAITING = 1_000
#: Seconds between two looks at the log, and before it is looked at again where it cannot be read.
POLL, AGAIN = 0.1, 2.0


class Feed:
    """Hands on what happens to all who watch."""

    def __init__(self) -> None:
        self._watchers = set[asyncio.Queue[tuple[str, Any]]]()

    @property
    def watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._watchers)

    def tell(self, name: str, data: Any) -> None:
        """Tell all who watch, on the event loop."""
        for watcher in self._watchers:
            if watcher.full():
                watcher.get_nowait()
            watcher.put_nowait((name, data))

    async def watch(self) -> AsyncIterator[tuple[str, Any]]:
        """Yield what happens from now on, without end."""
        watcher = asyncio.Queue[tuple[str, Any]](WAITING)
        self._watchers.add(watcher)
        try:
            while True:
                yield await watcher.get()
        finally:
            self._watchers.discard(watcher)


class AuditFollower:
    """Follows the audit log in a thread of its own, whichever process writes it.

    Args:
        home: Whose log.
        tell: Told each event, on the event loop.
    """

    def __init__(self, home: Home, tell: Callable[[Entry], None]) -> None:
        self._reader, self._tell, self._stop = Reader(home.audit), tell, threading.Event()

    def start(self) -> None:
        """Begin, on the event loop that is to be told."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._follow, args=(loop,), name="metahuman-audit", daemon=True).start()

    def stop(self) -> None:
        """End it."""
        self._stop.set()

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile
            while not self._stop.is_set():
                with suppress(StoreError):  # it can be read again later
                    for entry in self._reader.follow(self._stop, POLL):
                        loop.call_soon_threadsafe(self._tell, entry)
                self._stop.wait(AGAIN)


async def first_then(name: str, data: Any, feed: Feed) -> AsyncIterator[tuple[str, Any]]:
    """Yield one thing at once, and then what happens."""
    async with reading(feed.watch()) as happening:
        yield name, data
        async for one in happening:
            yield one
