"""One run of a kind at a time in a home, across all processes; where its memories are in a database, all machines."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import AsyncFileLock, Timeout

from metahuman.database import database_of
from metahuman.home import Home
from metahuman.state.errors import MetaHumanError, ThreadBusy
from metahuman.state.files import make_folder, store_errors, write_json
from metahuman.state.moments import iso


class AlreadyRunning(MetaHumanError):  # noqa: N818 - reads as what happened
    """Another run of this kind is under way in the home."""


@asynccontextmanager
async def alone(home: Home, name: str, *, patience: float = 0.0) -> AsyncIterator[None]:
    """Be the only run of a kind in a home while the block runs; the lock of a process that died is released.

    Args:
        home: The home.
        name: The kind of run, such as "curate": words that may be part of a file's name.
        patience: Seconds to wait for whoever runs.

    Raises:
        AlreadyRunning: If another runs for longer than that; it says which process, and since when.
        StoreError: If the lock cannot be written, or the database not be reached.
    """
    lock = _lock(home, name)
    holder = lock.with_suffix(".json")
    async with AsyncExitStack() as held:
        await _take(held, lock, name, holder, patience)
        await _take_elsewhere(held, home, name, patience)
        told = {"pid": os.getpid(), "host": socket.gethostname(), "since": iso(datetime.now(UTC))}
        await asyncio.to_thread(write_json, holder, told)
        try:
            yield
        finally:
            await asyncio.to_thread(_remove, holder)


def who_runs(home: Home, name: str) -> str | None:
    """Return who is said to run a kind, in words; None if nobody is. One that died may still be said to."""
    return _told(_lock(home, name).with_suffix(".json"))


def _lock(home: Home, name: str) -> Path:
    return home.locks / f"run-{name.replace(' ', '-')}.lock"


async def _take(held: AsyncExitStack, path: Path, name: str, holder: Path, patience: float) -> None:
    await asyncio.to_thread(make_folder, path.parent)
    lock = AsyncFileLock(path, timeout=patience, mode=0o600)
    with store_errors(path.parent):
        try:
            await lock.acquire()
        except Timeout:
            who = await asyncio.to_thread(_told, holder) or "another process"
            raise AlreadyRunning(f"{name} is already running ({who}); wait for it, or stop it") from None
    held.push_async_callback(lock.release)


async def _take_elsewhere(held: AsyncExitStack, home: Home, name: str, patience: float) -> None:
    """Take the lock in the database too, if the home has one: other machines see no files of this one."""
    database = database_of(home)
    if database is None:
        return
    from metahuman.memory.postgres.locks import alone as alone_there

    try:
        await held.enter_async_context(alone_there(database, f"run {name}", patience))
    except ThreadBusy:
        raise AlreadyRunning(f"{name} is already running on another machine; wait for it, or stop it") from None


def _remove(holder: Path) -> None:
    with store_errors(holder):
        holder.unlink(missing_ok=True)


def _told(holder: Path) -> str | None:
    try:
        known = json.loads(holder.read_bytes())
        return f"process {known['pid']} on {known['host']} since {known['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return None
