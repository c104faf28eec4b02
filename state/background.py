"""One event loop in a thread of its own, where coroutines run for callers who have none, or another one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_DONE: Any = object()
#: How long an interrupted caller waits for its work to close files and connections.
TIDY_SECONDS = 5.0


class Background:
    """An event loop that runs in a daemon thread from its first use on."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work` on the loop; the future can be waited for, or cancelled, from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._running())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end. Interrupted (Ctrl-C), it is cancelled and has tidied up before this returns."""
        finished = threading.Event()

        async def tidy() -> T:
            try:
                return await work
            finally:
                finished.set()

        future = self.submit(tidy())
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            finished.wait(timeout=TIDY_SECONDS)
            raise

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """Yield what `items` yields; leaving the loop early closes `items`."""
        try:
            while (item := self.run(anext_or_done(items))) is not _DONE:
                yield item
        finally:
            self.run(close(items))

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="metahuman", daemon=True).start()
            return self._loop


async def anext_or_done(items: AsyncIterator[T]) -> T:
    """Return the next item, or the mark that there is none: a StopAsyncIteration cannot cross a future."""
    return await anext(items, _DONE)


async def close(items: AsyncIterator[Any]) -> None:
    """Close an async generator; anything else has nothing to close."""
    if closing := getattr(items, "aclose", None):
        await closing()


#: The process's own loop. Clients of model servers belong to the loop they were made on, so there is one.
background = Background()
