"""One run of a kind at a time, and what a crash leaves of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from metahuman.agents.alone import AlreadyRunning, alone, who_runs
from metahuman.database import NAME, URL
from metahuman.home import Home
from tests.servers.postgres import postgres_server

HOLD = """
import asyncio, sys
from pathlib import Path
from metahuman.agents.alone import alone
from metahuman.home import Home

async def hold():
    async with alone(Home(Path(sys.argv[1])), "curate"):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


@contextmanager
def elsewhere(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Have a run under way in another process."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


async def test_another_process_is_named_and_its_death_frees_the_lock(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with elsewhere(tmp_path) as other:
        with pytest.raises(AlreadyRunning, match=rf"curate is already running \(process {other.pid} on .* since 20"):
            async with alone(home, "curate"):
                pass
        async with alone(home, "digest"):
            pass
    async with alone(home, "curate", patience=5):
        assert str(os.getpid()) in (who_runs(home, "curate") or "")
    assert who_runs(home, "curate") is None


async def test_one_may_wait_for_another(tmp_path: Path) -> None:
    home, order = Home(tmp_path), list[str]()

    async def run(name: str) -> None:
        async with alone(home, "curate", patience=10):
            order.append(f"{name} begins")
            await asyncio.sleep(0.05)
            order.append(f"{name} ends")

    await asyncio.gather(run("a"), run("b"))
    assert order in (["a begins", "a ends", "b begins", "b ends"], ["b begins", "b ends", "a begins", "a ends"])


@pytest.mark.parametrize("left", ["", "[]", '{"pid": 1}'])
async def test_a_broken_note_of_who_runs_does_no_harm(tmp_path: Path, left: str) -> None:
    home = Home(tmp_path)
    async with alone(home, "curate"):
        (tmp_path / "state" / "locks" / "run-curate.json").write_text(left)
        with pytest.raises(AlreadyRunning, match="another process"):
            async with alone(home, "curate"):
                pass
    async with alone(home, "curate"):
        pass


async def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(KeyError):
        async with alone(home, "curate"):
            raise KeyError
    async with alone(home, "curate"):
        pass


async def test_machines_that_share_a_database_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, postgres_server().new_database())
    monkeypatch.setenv(NAME, "shared")
    here, there = Home(tmp_path / "here"), Home(tmp_path / "there")
    async with alone(here, "curate"):
        with pytest.raises(AlreadyRunning, match="on another machine"):
            async with alone(there, "curate"):
                pass
    async with alone(there, "curate"):
        pass
