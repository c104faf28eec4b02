"""Locks in a real PostgreSQL: one turn of a thread at a time, until its holder ends or dies."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from pathlib import Path

import pytest

from metahuman.locks import ThreadLocks
from metahuman.memory.postgres.address import address_of
from metahuman.memory.postgres.database import Database
from metahuman.state.errors import ThreadBusy
from tests.homes import files

pytestmark = pytest.mark.slow

#: Holds a thread until it is killed.
HOLDER = """
import asyncio, sys
from metahuman.memory.postgres.address import address_of
from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.locks import alone

async def hold():
    async with alone(Database(address_of(sys.argv[1]), "mine"), "thread 'main'"):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


@pytest.fixture
def locks(tmp_path: Path, database: Database) -> ThreadLocks:
    return ThreadLocks(tmp_path / "locks", 0.05, database)


async def test_a_thread_is_held_and_no_other(locks: ThreadLocks, tmp_path: Path) -> None:
    async with locks.hold("main"), locks.hold("other"):
        with pytest.raises(ThreadBusy, match="thread 'main' is in the middle of a turn elsewhere"):
            await locks.hold("main").__aenter__()
        with pytest.raises(ThreadBusy):
            await locks.hold("main", patience=0).__aenter__()
    async with locks.hold("main", patience=0):
        pass
    assert files(tmp_path) == {}


async def test_who_gives_up_waiting_leaves_nothing_behind(locks: ThreadLocks) -> None:
    async with locks.hold("main"):
        waiting = asyncio.create_task(locks.hold("main", patience=30).__aenter__())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with locks.hold("main", patience=0.5):
        pass


async def test_homes_do_not_wait_for_each_other(locks: ThreadLocks, url: str, tmp_path: Path) -> None:
    with closing(Database(address_of(url), "another")) as other:
        async with locks.hold("main"), ThreadLocks(tmp_path, 0.05, other).hold("main"):
            pass


async def test_the_lock_of_a_worker_that_was_killed_is_free(url: str, tmp_path: Path) -> None:
    locks = ThreadLocks(tmp_path, 5, Database(address_of(url), "mine"))
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDER, url, stdout=asyncio.subprocess.PIPE)
    assert holder.stdout
    assert await holder.stdout.readline() == b"held\n"
    with pytest.raises(ThreadBusy):
        await locks.hold("main", patience=0).__aenter__()
    holder.kill()
    async with locks.hold("main"):
        pass
    await holder.wait()
