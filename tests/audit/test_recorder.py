"""The recorder: every event in the log, every model call in the ledger, whoever waits, whoever is killed."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from metahuman.audit.ledger import Ledger
from metahuman.audit.log import AuditLog
from metahuman.audit.reader import Reader
from metahuman.audit.recorder import BATCH, Recorder
from metahuman.state.errors import StoreError
from metahuman.state.events import AuditEvent
from metahuman.state.services import Audit
from tests.calls import a_call
from tests.fakes import FakeClock

#: Starts a process that writes without end, kills it, says so, and waits for a line before the next.
KILLER = """
import asyncio, os, random, signal, sys, time
from pathlib import Path
from metahuman.audit.ledger import Ledger
from metahuman.audit.log import AuditLog
from metahuman.audit.recorder import Recorder
from metahuman.clock import SystemClock
from metahuman.state.events import AuditEvent

home, chance = Path(sys.argv[1]), random.Random(7)
event = AuditEvent("llm_call", "assistant", {"role": "persona", "modelId": "m", "tokens": {"prompt": 1}})

async def caller(recorder):
    while True:
        await recorder.arecord(event)

async def write(begun):
    recorder = Recorder(AuditLog(home / "audit", SystemClock()), Ledger(home / "usage.sqlite"))
    await recorder.arecord(event)
    os.write(begun, b"x")
    await asyncio.gather(*(caller(recorder) for _ in range(8)))

while True:
    hears, begun = os.pipe()
    writer = os.fork()
    if writer == 0:
        asyncio.run(write(begun))
    os.read(hears, 1)
    time.sleep(chance.uniform(0, 0.03))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    os.close(hears), os.close(begun)
    print("killed", flush=True)
    if not sys.stdin.readline():
        break
"""


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    opened = Recorder(AuditLog(tmp_path / "audit", FakeClock()), Ledger(tmp_path / "usage.sqlite"))
    yield opened
    opened.close()


def call_event(**changes: Any) -> AuditEvent:
    return AuditEvent("llm_call", "assistant", a_call(**changes))


def calls(recorder: Recorder) -> int:
    return sum(row.totals.calls for row in recorder.ledger.rows("0000-01-01", "9999-12-31"))


def logged(tmp_path: Path) -> list[str]:
    return [entry["event"] for entry in Reader(tmp_path / "audit").read()]


async def test_every_event_is_logged_and_model_calls_are_counted(tmp_path: Path, recorder: Recorder) -> None:
    audit: Audit = recorder
    for event in (call_event(), AuditEvent("memory_saved", "system")):
        audit.record(event)
        await audit.arecord(event)
    assert logged(tmp_path) == ["llm_call", "llm_call", "memory_saved", "memory_saved"]
    assert calls(recorder) == 2


async def test_a_call_is_counted_under_the_day_of_its_event(tmp_path: Path) -> None:
    class Midnight(FakeClock):
        """A second after midnight in Helsinki is the day before in UTC."""

        def now(self) -> datetime:
            return datetime.fromisoformat("2026-05-18T00:00:01+03:00")

    recorder = Recorder(AuditLog(tmp_path / "audit", Midnight()), Ledger(tmp_path / "usage.sqlite"))
    await recorder.arecord(call_event())
    assert [row.key for row in recorder.ledger.rows("2026-05-01", "2026-05-31", ["day"])] == [("2026-05-17",)]
    recorder.close()


async def test_what_is_awaited_is_written(tmp_path: Path, recorder: Recorder) -> None:
    """More callers than a batch, each of whom finds its own event in the log."""

    async def call(number: int) -> None:
        await recorder.arecord(call_event(thread=f"t{number}"))
        assert f'"thread":"t{number}"' in (tmp_path / "audit" / "2026-05-17.ndjson").read_text()

    await asyncio.gather(*(call(number) for number in range(BATCH * 2 + 3)))
    assert calls(recorder) == BATCH * 2 + 3


async def test_whoever_does_not_wait_has_it_written_all_the_same(tmp_path: Path, recorder: Recorder) -> None:
    tasks = [asyncio.create_task(recorder.arecord(call_event())) for _ in range(10)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes) == 5
    recorder.close()
    assert len(logged(tmp_path)) == 10


def test_several_loops_share_one_recorder(tmp_path: Path, recorder: Recorder) -> None:
    async def burst() -> None:
        await asyncio.gather(*(recorder.arecord(call_event()) for _ in range(20)))

    async def loops() -> None:
        await asyncio.gather(*(asyncio.to_thread(asyncio.run, burst()) for _ in range(4)))

    asyncio.run(loops())
    assert (len(logged(tmp_path)), calls(recorder)) == (80, 80)


def test_a_loop_that_is_closed_does_not_keep_the_event_from_being_written(tmp_path: Path, recorder: Recorder) -> None:
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(recorder.arecord(call_event())) for _ in range(3)]
    loop.run_until_complete(asyncio.sleep(0))
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()
    recorder.close()
    assert len(logged(tmp_path)) == 3


async def test_it_can_be_closed_and_used_again(tmp_path: Path, recorder: Recorder) -> None:
    for _ in range(2):
        await recorder.arecord(call_event())
        recorder.close()
        recorder.close()
    assert len(logged(tmp_path)) == 2


async def test_an_event_that_cannot_be_written_is_an_error_for_who_sent_it(tmp_path: Path, recorder: Recorder) -> None:
    (tmp_path / "audit").write_text("")
    outcomes = await asyncio.gather(*(recorder.arecord(call_event()) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
    (tmp_path / "audit").unlink()
    await recorder.arecord(call_event())
    assert len(logged(tmp_path)) == calls(recorder) == 1


class Mistake(Exception):  # noqa: N818 - of the program's
    """What no log foresees."""


class Unspeakable:
    def __str__(self) -> str:
        raise Mistake


async def test_even_a_mistake_is_told_to_who_sent_the_event_and_keeps_nobody_waiting(
    tmp_path: Path, recorder: Recorder
) -> None:
    events = [AuditEvent("memory_saved", "x", {"odd": Unspeakable()}), call_event(), call_event()]
    waiting = asyncio.gather(*(recorder.arecord(event) for event in events), return_exceptions=True)
    outcomes = await asyncio.wait_for(waiting, timeout=10)
    assert [type(outcome) for outcome in outcomes] == [Mistake, type(None), type(None)]
    assert len(logged(tmp_path)) == 2


def counted(home: Path) -> int:
    with contextlib.closing(Ledger(home / "usage.sqlite")) as ledger:
        return sum(row.totals.calls for row in ledger.rows("0000-01-01", "9999-12-31"))


@pytest.mark.slow
def test_kill_9_leaves_a_readable_log_and_a_ledger_one_behind_at_most(tmp_path: Path) -> None:
    """Thirty processes are killed on one home, at random moments of their writing."""
    command = [sys.executable, "-c", KILLER, str(tmp_path)]
    events = behind = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killer:
        assert killer.stdin
        assert killer.stdout
        for killed in range(1, 31):
            assert killer.stdout.readline() == "killed\n"
            reader, before = Reader(tmp_path / "audit", event="llm_call"), events
            events = len(list(reader.read()))
            assert events > before
            assert reader.broken <= killed
            assert behind <= events - counted(tmp_path) <= behind + 1
            behind = events - counted(tmp_path)
            killer.stdin.write("\n" if killed < 30 else "")
            killer.stdin.flush()
        killer.stdin.close()
    with contextlib.closing(Ledger(tmp_path / "usage.sqlite")) as ledger:
        assert ledger.rebuild(Reader(tmp_path / "audit", event="llm_call")).calls == events
    assert counted(tmp_path) == events
