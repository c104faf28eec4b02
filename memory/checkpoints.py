"""Threads: their latest state in SQLite, so that a conversation goes on after the process has ended."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from metahuman.state.errors import StoreError
from metahuman.state.files import REMEDY, make_folder, store_errors
from metahuman.state.sqlite import make_private

#: Seconds that a writer waits for another process that holds the database.
BUSY = 10.0
#: Pages after which what was written moves from the log beside the file into the file, and bytes that the log then
#: keeps. A turn writes about a hundred pages; SQLite's own 1,000 let the log grow to many times the file.
LOG_PAGES, LOG_BYTES = 250, 1_000_000
_SETTINGS = f"""
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
P = ParamSpec("P")
T = TypeVar("T")


class ThreadSaver(SqliteSaver):
    """A checkpointer that can forget all but the latest checkpoint of a thread.

    LangGraph's own for event loops hands each statement, commit and cursor to a thread, some fifty in a turn; here a
    whole method is handed over, ten in a turn.

    Only messages, plain values and TypedDicts come back from it: anything else in a state is refused on reading, so
    that a checkpoint can never name code to run.

    Args:
        connection: The database; it may be used by any thread.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self._hand = ThreadPoolExecutor(1, "checkpoints")

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return a checkpoint: the one that `config` names, or the thread's latest."""
        return await self._do(self.get_tuple, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the base class calls it so
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield checkpoints, the newest first."""
        for found in await self._do(lambda: [*self.list(config, filter=filter, before=before, limit=limit)]):
            yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint, and return where it is."""
        return await self._do(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a task has written after a checkpoint."""
        await self._do(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """Drop a thread."""
        await self._do(self.delete_thread, thread_id)

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Return what led to the values of channels that are kept as changes."""
        return await self._do(lambda: self.get_delta_channel_history(config=config, channels=channels))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Drop every checkpoint of these threads but the latest of each, with the writes that led to them.

        A thread's history would otherwise grow with the square of its length.

        Raises:
            ValueError: For a strategy other than keep_latest; `adelete_thread` removes a thread.
        """
        if strategy != "keep_latest":
            raise ValueError(f"strategy {strategy!r} is not keep_latest")
        await self._do(self._delete, _PRUNE, thread_ids)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Drop the checkpoints that these runs of LangGraph's server made, with the writes that led to them."""
        await self._do(self._delete, _DELETE_RUN, run_ids)

    async def compact(self) -> None:
        """Make the file as small as what it holds: what was deleted is then in it no more, nor in the log beside it."""
        await self._do(self._compact)

    async def threads(self) -> list[str]:
        """Return the threads that have a state, the latest spoken in first."""
        return await self._do(self._threads)

    async def aclose(self) -> None:
        """Close the database."""
        try:
            await self._do(self.conn.close)
        except RuntimeError:  # the program is ending, and hands nothing to threads any more
            self.conn.close()
        self._hand.shutdown(wait=False)

    async def _do(self, work: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._hand, work, *arguments)

    def _delete(self, statement: str, keys: Sequence[str]) -> None:
        with self.cursor() as cursor:
            for table in ("writes", "checkpoints"):  # the writes first: which go is read off the checkpoints
                cursor.executemany(statement.format(table=table), [(key,) for key in keys])

    def _compact(self) -> None:
        with self.cursor(transaction=False) as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _threads(self) -> Any:
        latest = "SELECT thread_id FROM checkpoints GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC"
        with self.cursor(transaction=False) as cursor:
            return [name for (name,) in cursor.execute(latest)]


class Overlay(ThreadSaver):
    """A checkpointer whose threads begin where another's stand, and which leaves no trace: emulation writes nothing.

    Args:
        connection: A database in memory.
        base: The checkpointer that is only read.
    """

    def __init__(self, connection: sqlite3.Connection, base: BaseCheckpointSaver[str]) -> None:
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
    try:
        saver = ThreadSaver(await asyncio.to_thread(_opened, path))
        try:
            yield saver
        finally:
            await saver.aclose()
    except sqlite3.DatabaseError as error:
        raise database_error(path, error) from error


@asynccontextmanager
async def open_overlay(base: BaseCheckpointSaver[str]) -> AsyncIterator[Overlay]:
    """Open a checkpointer in memory that begins where `base` stands."""
    overlay = Overlay(_connect(":memory:"), base)
    try:
        yield overlay
    finally:
        await overlay.aclose()


def database_error(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    """Return what an error of the database means for its owner."""
    broken = error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
    return StoreError(path, error, "move it away and it is made anew; memories are not in it" if broken else REMEDY)


def _opened(path: Path) -> sqlite3.Connection:
    """Open a file, and create it before SQLite does: for the owner's eyes only."""
    make_folder(path.parent)
    with store_errors(path):
        make_private(path)
    connection = _connect(path)
    try:
        # In write-ahead mode, NORMAL loses nothing when the process dies and at worst the last turns when the
        # machine does; their memories are files of their own, and synced.
        connection.executescript(_SETTINGS)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _connect(path: Path | str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY, check_same_thread=False)
