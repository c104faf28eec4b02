"""Threads: their latest state in PostgreSQL, and who is in the middle of a turn of one, on whatever machine."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from metahuman.memory.postgres_database import Database
from metahuman.state.errors import ThreadBusy

#: Connections for the threads' states; within a process, requests for them go one after the other.
CONNECTIONS = 2
Pool = AsyncConnectionPool[AsyncConnection[DictRow]]


class PostgresThreadSaver(AsyncPostgresSaver):
    """A checkpointer in PostgreSQL that does what `metahuman.memory.checkpoints.ThreadSaver` does.

    As there, only messages, plain values and TypedDicts come back from it.

    Args:
        pool: Connections whose search path names the home's schema.
        database: The home's part of the database.
    """

    #: To make indexes beside the use of tables that nobody uses yet would have workers wait for each other in a circle.
    MIGRATIONS = [statement.replace("CONCURRENTLY", "") for statement in AsyncPostgresSaver.MIGRATIONS]  # noqa: RUF012

    def __init__(self, pool: Pool, database: Database) -> None:
        super().__init__(pool, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self._database = database

    async def setup(self) -> None:
        """Make the tables, if no other worker has; those that start at once take turns.

        Raises:
            StoreError: If the database cannot be reached.
        """
        async with self._alone("setup"):
            await super().setup()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint; a NUL in a text, which PostgreSQL cannot hold, is replaced."""
        values = {
            channel: value.replace("\0", "\ufffd") if isinstance(value, str) else value
            for channel, value in checkpoint["channel_values"].items()
        }
        storable: Checkpoint = {**checkpoint, "channel_values": values}
        return await super().aput(config, storable, metadata, new_versions)

    async def threads(self) -> list[str]:
        """Return the threads that have a state, the latest spoken in first."""
        latest = "SELECT thread_id FROM checkpoints GROUP BY thread_id ORDER BY max(checkpoint_id) DESC"
        async with self._cursor() as cursor:
            return [row["thread_id"] for row in await (await cursor.execute(latest)).fetchall()]

    async def compact(self) -> None:
        """Write the tables anew, so that their files hold nothing of what was deleted."""
        async with self._cursor() as cursor:
            for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
                await cursor.execute(sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(table)))

    @asynccontextmanager
    async def locked(self, thread: str, patience: float) -> AsyncIterator[None]:
        """Hold a thread for a turn, against every other worker; the lock of one that died is released.

        Args:
            thread: The thread.
            patience: Seconds to wait for it.

        Raises:
            StoreError: If the database cannot be reached.
            ThreadBusy: If another holds it for so long.
        """
        async with self._alone(f"turn {thread}", patience):
            yield

    @asynccontextmanager
    async def _alone(self, what: str, patience: float = 0) -> AsyncIterator[None]:
        """Hold a lock of the home's on a connection of its own, with which it ends; 0 waits for ever."""
        key = hashlib.sha256(f"{self._database.schema} {what}".encode()).digest()[:8]
        number, milliseconds = int.from_bytes(key, signed=True), int(patience * 1000)
        async with self._failures():
            connection = await AsyncConnection.connect(self._database.conninfo, autocommit=True)
        async with connection:
            async with self._failures():
                try:
                    await connection.execute("SELECT set_config('lock_timeout', %s, false)", [str(milliseconds)])
                    await connection.execute("SELECT pg_advisory_lock(%s)", [number])
                except psycopg.errors.LockNotAvailable:
                    raise ThreadBusy(f"{what} is held by another program; wait, or use another thread") from None
            yield

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        """Lend what every statement goes through, and tell its failures as ours."""
        async with self._failures(), super()._cursor(pipeline=pipeline) as cursor:
            yield cursor

    @asynccontextmanager
    async def _failures(self) -> AsyncIterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise await asyncio.to_thread(self._database.failure, error) from error


@asynccontextmanager
async def open_postgres_checkpoints(database: Database) -> AsyncIterator[PostgresThreadSaver]:
    """Open the threads kept in a database that is open.

    Raises:
        StoreError: If it cannot be reached.
    """
    pool: Pool = AsyncConnectionPool(
        database.conninfo,
        min_size=0,
        max_size=CONNECTIONS,
        timeout=database.patience,
        reconnect_timeout=database.patience,
        check=AsyncConnectionPool.check_connection,
        kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
        open=False,
    )
    async with pool:
        saver = PostgresThreadSaver(pool, database)
        await saver.setup()
        yield saver
