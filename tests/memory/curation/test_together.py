"""Writes that are made together: by whoever waits, of many files, and by processes of their own."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from metahuman.memory.curation.cleaning import cleaned
from metahuman.memory.curation.many_files import THREADS, write_all
from metahuman.memory.curation.together import Together
from metahuman.memory.curation.workers import gate_workers
from metahuman.state.errors import StoreError


class Book:
    """Notes what is written, and in how many goes."""

    def __init__(self) -> None:
        self.goes: list[list[int]] = []

    def write(self, items: Sequence[int]) -> list[int]:
        self.goes.append(list(items))
        time.sleep(0.02)
        if 13 in items:
            raise OSError("unlucky")
        return [item * 10 for item in items]


async def test_each_gets_its_own_and_many_are_written_in_a_few_goes() -> None:
    book = Book()
    together = Together(book.write)
    assert await asyncio.gather(*map(together, range(12))) == [number * 10 for number in range(12)]
    assert sorted(item for go in book.goes for item in go) == list(range(12))
    assert len(book.goes) <= 2


async def test_who_stops_waiting_stops_no_write() -> None:
    book = Book()
    together = Together(book.write)
    asking = asyncio.create_task(together(1))
    await asyncio.sleep(0.005)
    asking.cancel()
    assert await together(2) == 20
    await together.ended()
    assert [item for go in book.goes for item in go] == [1, 2]


async def test_what_cannot_be_written_is_told_to_those_who_asked_and_to_no_other() -> None:
    together = Together(Book().write)
    told = await asyncio.gather(*map(together, [1, 13]), return_exceptions=True)
    assert all(isinstance(one, OSError) for one in told)
    assert await together(3) == 30


async def test_a_write_that_fails_when_nobody_waits_any_more_is_not_printed() -> None:
    printed = list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: printed.append(context))
    together = Together(Book().write)
    asking = asyncio.create_task(together(13))
    await asyncio.sleep(0.005)
    asking.cancel()
    await together.ended()
    del together, asking
    await asyncio.sleep(0)
    gc.collect()
    assert printed == []


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as made:
        yield made


def test_files_are_written_whole_and_keep_their_permissions(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    files = {tmp_path / f"{number % 3}" / f"{number}.json": f"{number}".encode() for number in range(40)}
    old = tmp_path / "0" / "3.json"
    old.parent.mkdir()
    old.write_bytes(b"old")
    old.chmod(0o640)
    write_all(pool, files)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == files
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "1" / "1.json").stat().st_mode) == 0o600
    write_all(pool, {})


def test_a_file_that_cannot_be_written_is_named_and_nothing_half_is_left(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    (tmp_path / "taken.json").mkdir()
    with pytest.raises(StoreError, match=r"taken\.json"):
        write_all(pool, {tmp_path / "taken.json": b"x", tmp_path / "other.json": b"y"})
    assert not list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_workers_do_as_the_gates_do_and_pay_no_heed_to_an_interrupt() -> None:
    with gate_workers() as workers:
        text = "Write to ana.perez@example.org about the herons."
        assert workers.submit(cleaned, text).result() == cleaned(text)
        process = workers.submit(os.getpid).result()
        os.kill(process, signal.SIGINT)
        assert workers.submit(cleaned, text).result() == cleaned(text)


@pytest.mark.slow
def test_a_script_without_a_guard_is_not_run_again_by_the_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "print('begun')\n"
        "from metahuman.memory.curation.cleaning import cleaned\n"
        "from metahuman.memory.curation.workers import gate_workers\n"
        "with gate_workers() as workers:\n"
        "    print(workers.submit(cleaned, 'Herons.').result().text)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.split(), done.stderr) == (["begun", "Herons."], "")
