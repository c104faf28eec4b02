"""Writing together: what several ask for at once is written in one go, until all of it is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Gathers what is to be written while a write is under way, and writes it all in the next.

    Args:
        write: Writes some, and returns what it wrote of each, in order. It is run in a thread, one at a time.
    """

    def __init__(self, write: Callable[[Sequence[T]], Sequence[T]]) -> None:
        self._write = write
        self._waiting = list[T]()
        self._next: asyncio.Task[Sequence[T]] | None = None
        self._under_way = set[asyncio.Task[Sequence[T]]]()
        self._lock = asyncio.Lock()

    async def __call__(self, item: T) -> T:
        """Return what was written, once it is. Whoever stops waiting stops no write.

        Args:
            item: What is to be written.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._all())
            self._under_way.add(self._next)
            self._next.add_done_callback(self._is_over)
        place, written = len(self._waiting), self._next
        self._waiting.append(item)
        return (await asyncio.shield(written))[place]

    async def ended(self) -> None:
        """Return when nothing waits to be written; what could not be is for those who asked to deal with."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _is_over(self, written: asyncio.Task[Sequence[T]]) -> None:
        self._under_way.discard(written)
        if not written.cancelled():
            written.exception()  # where nobody waits any more, asyncio would print it

    async def _all(self) -> Sequence[T]:
        async with self._lock:
            items, self._waiting, self._next = self._waiting, [], None
            return await asyncio.to_thread(self._write, items)
