"""Who is in the middle of a turn, on whatever machine: locks in PostgreSQL, which end with whoever holds them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncConnection

from metahuman.memory.postgres.database import Database
from metahuman.state.errors import ThreadBusy


@asynccontextmanager
async def alone(database: Database, what: str, patience: float | None = None) -> AsyncIterator[None]:
    """Hold a lock of the home's, on a connection of its own; it ends with the connection.

    Args:
        database: The home's part of the database, which need not be open.
        what: What nobody else may do meanwhile.
        patience: Seconds to wait for whoever holds it; None waits as long as it takes.

    Raises:
        StoreError: If the database cannot be reached.
        ThreadBusy: If another holds it for so long.
    """
    key = hashlib.sha256(f"{database.schema} {what}".encode()).digest()[:8]
    number = int.from_bytes(key, signed=True)
    milliseconds = 0 if patience is None else max(1, int(patience * 1000))  # 0 means without end
    async with failures(database):
        connection = await AsyncConnection.connect(database.conninfo, autocommit=True)
    async with connection:
        async with failures(database):
            try:
                await connection.execute("SELECT set_config('lock_timeout', %s, false)", [str(milliseconds)])
                await connection.execute("SELECT pg_advisory_lock(%s)", [number])
            except psycopg.errors.LockNotAvailable:
                raise ThreadBusy(f"{what} is in the middle of a turn elsewhere; wait, or use another") from None
        yield


@asynccontextmanager
async def failures(database: Database) -> AsyncIterator[None]:
    """Turn what PostgreSQL says into one line with a remedy, off the event loop: the server may be asked for it.

    Raises:
        StoreError: For any error of PostgreSQL inside the block.
    """
    try:
        yield
    except psycopg.Error as error:
        raise await asyncio.to_thread(database.failure, error) from error
