"""Threads: their latest state in PostgreSQL, for workers on whatever machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.locks import alone, failures

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
        async with alone(self._database, "setup"):
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
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        """Lend what every statement goes through, and tell its failures as ours."""
        async with failures(self._database), super()._cursor(pipeline=pipeline) as cursor:
            yield cursor


@asynccontextmanager
async def open_postgres_checkpoints(database: Database) -> AsyncIterator[PostgresThreadSaver]:
    """Open the threads kept in a database.

    Raises:
        StoreError: If it cannot be reached.
    """
    await asyncio.to_thread(database.open)
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
