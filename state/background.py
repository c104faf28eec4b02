"""One event loop in a thread of its own, where coroutines run for callers who have none, or another one."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_DONE: Any = object()
#: How long an interrupted caller waits for its work to close files and connections.
TIDY_SECONDS = 5.0


class Work(Generic[T]):
    """A coroutine that runs on another thread's loop.

    Args:
        coroutine: What to run.
        loop: Where.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> None:
        self._ended = threading.Event()
        self.future: Future[T] = asyncio.run_coroutine_threadsafe(self._run(coroutine), loop)

    def stop(self) -> None:
        """Cancel the work unless it has ended, and give it a moment to tidy up."""
        if not self._ended.is_set():
            self.future.cancel()
            self._ended.wait(TIDY_SECONDS)

    async def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        try:
            return await coroutine
        finally:
            self._ended.set()


class Background:
    """An event loop that runs in a daemon thread from its first use on."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` to its end. Interrupted (Ctrl-C), it is cancelled and has tidied up before this returns."""
        work = self._start(coroutine)
        try:
            return work.future.result()
        finally:
            work.stop()

    async def arun(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` to its end for a caller on another event loop."""
        return await asyncio.wrap_future(self._start(coroutine).future)

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """Yield what `items` yields; whoever leaves early, or is interrupted, has it cancelled and tidied up."""
        arrived: queue.SimpleQueue[T] = queue.SimpleQueue()
        work = self._start(_pump(items, arrived.put))
        try:
            while (item := arrived.get()) is not _DONE:
                yield item
            work.future.result()
        finally:
            work.stop()

    async def aiterate(self, items: AsyncIterator[T]) -> AsyncIterator[T]:
        """Yield what `items` yields, for a consumer on another event loop."""
        loop, arrived = asyncio.get_running_loop(), asyncio.Queue[T]()
        work = self._start(_pump(items, lambda item: loop.call_soon_threadsafe(arrived.put_nowait, item)))
        try:
            while (item := await arrived.get()) is not _DONE:
                yield item
            await asyncio.wrap_future(work.future)
        finally:
            await asyncio.to_thread(work.stop)

    def _start(self, coroutine: Coroutine[Any, Any, T]) -> Work[T]:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="metahuman", daemon=True).start()
        return Work(coroutine, self._loop)


async def _pump(items: AsyncIterator[T], put: Callable[[T], object]) -> None:
    try:
        async for item in items:
            put(item)
    finally:
        put(_DONE)


#: The process's own loop. Clients of model servers belong to the loop they were made on, so there is one.
background = Background()
