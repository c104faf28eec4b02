"""Threads: their latest state in SQLite, so that a conversation goes on after the process has ended."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from metahuman.state.errors import StoreError
from metahuman.state.files import REMEDY, make_folder, store_errors

#: How long a writer waits for another process that holds the database.
BUSY_MILLISECONDS = 10_000
#: Pages after which what was written moves from the log beside the file into the file, and bytes that the log then
#: keeps. A turn writes about a hundred pages; SQLite's own 1,000 let the log grow to many times the file.
LOG_PAGES, LOG_BYTES = 250, 1_000_000
_SETTINGS = f"""
PRAGMA busy_timeout={BUSY_MILLISECONDS};
PRAGMA synchronous=NORMAL;
PRAGMA wal_autocheckpoint={LOG_PAGES};
PRAGMA journal_size_limit={LOG_BYTES};
"""
_PRUNE = """
DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id < (
    SELECT MAX(checkpoint_id) FROM checkpoints AS latest
    WHERE latest.thread_id = {table}.thread_id AND latest.checkpoint_ns = {table}.checkpoint_ns)
"""
_DELETE_RUN = """
DELETE FROM {table} WHERE (thread_id, checkpoint_ns, checkpoint_id) IN (
    SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints
    WHERE json_extract(CAST(metadata AS TEXT), '$.run_id') = ?)
"""


class ThreadSaver(AsyncSqliteSaver):
    """A checkpointer that can forget all but the latest checkpoint of a thread.

    Only messages, plain values and TypedDicts come back from it: anything else in a state is refused on reading, so
    that a checkpoint can never name code to run.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Drop every checkpoint of these threads but the latest of each, with the writes that led to them.

        A thread's history would otherwise grow with the square of its length.

        Raises:
            ValueError: For a strategy other than keep_latest; `adelete_thread` removes a thread.
        """
        if strategy != "keep_latest":
            raise ValueError(f"strategy {strategy!r} is not keep_latest")
        await self._delete(_PRUNE, thread_ids)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Drop the checkpoints that these runs of LangGraph's server made, with the writes that led to them."""
        await self._delete(_DELETE_RUN, run_ids)

    async def _delete(self, statement: str, keys: Sequence[str]) -> None:
        await self.setup()
        async with self.lock:
            for table in ("writes", "checkpoints"):  # the writes first: which go is read off the checkpoints
                await self.conn.executemany(statement.format(table=table), [(key,) for key in keys])
            await self.conn.commit()

    async def compact(self) -> None:
        """Make the file as small as what it holds: what was deleted is then in it no more, nor in the log beside it."""
        await self.setup()
        async with self.lock:
            await self.conn.execute("VACUUM")
            await self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def threads(self) -> list[str]:
        """Return the threads that have a state, the latest spoken in first."""
        await self.setup()
        latest = "SELECT thread_id FROM checkpoints GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC"
        async with self.lock, self.conn.execute(latest) as rows:
            return [row[0] async for row in rows]


class Overlay(ThreadSaver):
    """A checkpointer whose threads begin where another's stand, and which leaves no trace: emulation writes nothing.

    Args:
        connection: A database in memory.
        base: The checkpointer that is only read.
    """

    def __init__(self, connection: aiosqlite.Connection, base: BaseCheckpointSaver[str]) -> None:
        super().__init__(connection)
        self._base = base

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the thread's state as it stands here, else as it stands in the base."""
        return await super().aget_tuple(config) or await self._base.aget_tuple(config)


@asynccontextmanager
async def open_checkpoints(path: Path) -> AsyncIterator[ThreadSaver]:
    """Open the threads kept in the SQLite file at `path`, creating it if need be.

    Raises:
        StoreError: If the file cannot be opened or is no database.
    """
    await asyncio.to_thread(_prepare, path)
    connection = _connect(path)
    try:
        async with connection:
            # In write-ahead mode, NORMAL loses nothing when the process dies and at worst the last turns when the
            # machine does; their memories are files of their own, and synced.
            await connection.executescript(_SETTINGS)
            saver = ThreadSaver(connection)
            await saver.setup()
            yield saver
    except sqlite3.DatabaseError as error:
        # A connection that failed does not wait for its own thread, which would tell its end to a loop that has closed.
        await asyncio.to_thread(connection._thread.join)  # noqa: SLF001 - no public way
        raise database_error(path, error) from error


def database_error(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    """Return what an error of the database means for its owner."""
    broken = error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
    return StoreError(path, error, "move it away and it is made anew; memories are not in it" if broken else REMEDY)


def _connect(path: Path | str) -> aiosqlite.Connection:
    connection = aiosqlite.connect(path)
    # Whoever forgets to close it must not wait for it for ever on leaving; nothing is lost, SQLite recovers.
    connection._thread.daemon = True  # noqa: SLF001 - no public switch
    return connection


def _prepare(path: Path) -> None:
    """Create the file before SQLite does, for the owner's eyes only."""
    make_folder(path.parent)
    with store_errors(path):
        path.touch(mode=0o600)


@asynccontextmanager
async def open_overlay(base: BaseCheckpointSaver[str]) -> AsyncIterator[Overlay]:
    """Open a checkpointer in memory that begins where `base` stands."""
    async with _connect(":memory:") as connection:
        overlay = Overlay(connection, base)
        await overlay.setup()
        yield overlay
