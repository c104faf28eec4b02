"""One turn of a thread at a time, across all processes."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import AsyncFileLock, Timeout

from metahuman.state.errors import ThreadBusy
from metahuman.state.files import make_folder


class ThreadLocks:
    """The locks of a home's threads.

    Args:
        folder: Where they are.
        patience: Seconds to wait for whoever holds one.
    """

    def __init__(self, folder: Path, patience: float) -> None:
        self._folder, self._patience = folder, patience

    @asynccontextmanager
    async def hold(self, thread: str, *, patience: float | None = None) -> AsyncIterator[None]:
        """Hold a thread; the lock of a process that died is released by the operating system.

        Args:
            thread: Its name.
            patience: Seconds to wait this time.

        Raises:
            ThreadBusy: If somebody else has it for longer than that.
        """
        name = hashlib.sha256(thread.encode()).hexdigest()[:16]
        timeout = self._patience if patience is None else patience
        lock = AsyncFileLock(make_folder(self._folder) / f"{name}.lock", timeout=timeout)
        try:
            await lock.acquire()
        except Timeout:
            raise ThreadBusy(f"thread {thread!r} is in the middle of a turn elsewhere; wait, or use another") from None
        try:
            yield
        finally:
            await lock.release()
