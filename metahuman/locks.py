"""One turn of a thread at a time, across all processes; where the home is in a database, across all machines."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import AsyncFileLock, Timeout

from metahuman.state.errors import ThreadBusy
from metahuman.state.files import make_folder, store_errors

if TYPE_CHECKING:  # an extra
    from metahuman.memory.postgres.database import Database


class ThreadLocks:
    """The locks of a home's threads.

    Args:
        folder: Where they are.
        patience: Seconds to wait for whoever holds one.
        database: Where they are instead, if the home's threads are in a database.
    """

    def __init__(self, folder: Path, patience: float, database: Database | None = None) -> None:
        self._folder, self._patience, self._database = folder, patience, database

    def hold(self, thread: str, *, patience: float | None = None) -> AbstractAsyncContextManager[None]:
        """Hold a thread; the lock of a process that died is released by the operating system, or by the database.

        Args:
            thread: Its name.
            patience: Seconds to wait this time.

        Raises:
            ThreadBusy: If somebody else has it for longer than that.
            StoreError: If the lock cannot be written, or the database not be reached.
        """
        seconds = self._patience if patience is None else patience
        if self._database is None:
            return self._hold_file(thread, seconds)
        from metahuman.memory.postgres.locks import alone

        return alone(self._database, f"thread {thread!r}", seconds)

    @asynccontextmanager
    async def _hold_file(self, thread: str, patience: float) -> AsyncIterator[None]:
        name = hashlib.sha256(thread.encode()).hexdigest()[:16]
        lock = AsyncFileLock(make_folder(self._folder) / f"{name}.lock", timeout=patience, mode=0o600)
        with store_errors(self._folder):
            try:
                await lock.acquire()
            except Timeout:
                told = f"thread {thread!r} is in the middle of a turn elsewhere; wait, or use another"
                raise ThreadBusy(told) from None
        try:
            yield
        finally:
            await lock.release()
