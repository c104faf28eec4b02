"""The append-only log: one whole line for each event, whoever writes, whatever fails."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from metahuman.audit.log import AuditLog
from metahuman.audit.verifying import verify
from metahuman.state.errors import StoreError
from metahuman.state.events import AuditEvent
from tests.fakes import StandingClock

if TYPE_CHECKING:
    from metahuman.state.services import Audit

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
WRITER = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from metahuman.audit.log import AuditLog
from metahuman.state.errors import StoreError
from metahuman.state.events import AuditEvent

class Clock:
    def now(self):
        return datetime(2026, 3, 1, tzinfo=UTC)
    def milliseconds(self):
        return 0.0

folder = Path(sys.argv[1])
log = AuditLog(folder, Clock())
"""


def an_event(details: Mapping[str, Any] | None = None) -> AuditEvent:
    return AuditEvent("memory_saved", "system", details or {}, category="data")


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]


def start(folder: Path, body: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER + body, str(folder)], stdout=subprocess.PIPE)


def test_an_event_is_one_line_with_its_keys_in_order(tmp_path: Path) -> None:
    log: Audit = AuditLog(tmp_path, StandingClock(NOON))
    log.record(AuditEvent("llm_call", "persona", {"note": "naïve\nöl", "n": None}, "warn"))
    body = (
        '{"timestamp":"2026-03-01T12:00:00.123Z","level":"warn","category":"system","event":"llm_call",'
        '"actor":"persona","details":{"note":"naïve\\nöl","n":null},"seq":1,"prev":"' + "0" * 64 + '"'
    )
    digest = hashlib.sha256(body.encode()).hexdigest()
    assert (tmp_path / "2026-03-01.ndjson").read_text() == f'{body},"hash":"{digest}"}}\n'


def test_the_day_is_that_of_utc(tmp_path: Path) -> None:
    clock = StandingClock(datetime(2026, 3, 2, 0, 30, tzinfo=timezone(timedelta(hours=2))))
    log = AuditLog(tmp_path, clock)
    log.record(an_event())
    clock.time += timedelta(days=1)
    log.record(an_event())
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["2026-03-01.ndjson", "2026-03-02.ndjson"]
    assert lines(tmp_path)[0]["timestamp"] == "2026-03-01T22:30:00.000Z"


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "audit"
    log = AuditLog(folder, StandingClock(NOON))
    assert not folder.exists()
    log.record(an_event())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "2026-03-01.ndjson").stat().st_mode & 0o777 == 0o600


async def test_arecord_writes_the_same(tmp_path: Path) -> None:
    await AuditLog(tmp_path, StandingClock(NOON)).arecord(an_event({"id": "m1"}))
    assert lines(tmp_path)[0]["details"] == {"id": "m1"}


class Unspeakable:
    def __str__(self) -> str:
        raise AttributeError("half built")


def a_cycle() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


def a_well() -> list[Any]:
    well: list[Any] = []
    for _ in range(200_000):
        well = [well]
    return well


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Path("a/b"), "a/b"),
        (NOON, str(NOON)),
        (float("nan"), "nan"),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        ("half a pair \ud83d, after a \\\ud83d", "half a pair \ud83d, after a \\\ud83d"),
        (a_cycle(), "[[[[[[[...]]]]]]]"),
        (a_well(), "[[[[[[[...]]]]]]]"),
    ],
    ids=["path", "time", "nan", "tuple key", "surrogate", "cycle", "too deep"],
)
def test_odd_details_never_cost_the_event(tmp_path: Path, value: Any, written: Any) -> None:
    AuditLog(tmp_path, StandingClock(NOON)).record(an_event({"id": "m1", "odd": value}))
    assert lines(tmp_path)[0]["details"] == {"id": "m1", "odd": written}


def test_an_object_that_cannot_be_printed_never_costs_the_event(tmp_path: Path) -> None:
    AuditLog(tmp_path, StandingClock(NOON)).record(an_event({"id": "m1", "odd": Unspeakable()}))
    details = lines(tmp_path)[0]["details"]
    assert details["id"] == "m1"
    assert "Unspeakable" in details["odd"]


def test_a_half_line_of_a_dead_writer_does_not_spoil_the_next(tmp_path: Path) -> None:
    day = tmp_path / "2026-03-01.ndjson"
    day.write_text('{"timestamp":"2026-03-01T11:00:')
    log = AuditLog(tmp_path, StandingClock(NOON))
    log.record(an_event({"id": "m1"}))
    log.record(an_event({"id": "m2"}))
    first, *whole = day.read_text().splitlines()
    assert first == '{"timestamp":"2026-03-01T11:00:'
    assert [json.loads(line)["details"]["id"] for line in whole] == ["m1", "m2"]


def test_a_deleted_file_is_started_anew(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    log = AuditLog(folder, StandingClock(NOON))
    log.record(an_event({"id": "m1"}))
    shutil.rmtree(folder)
    log.record(an_event({"id": "m2"}))
    assert [line["details"]["id"] for line in lines(folder)] == ["m2"]


def test_it_can_be_closed_and_used_again(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, StandingClock(NOON))
    for _ in range(2):
        log.record(an_event())
        log.close()
        log.close()
    assert len(lines(tmp_path)) == 2


def test_a_folder_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    log = AuditLog(tmp_path / "logs" / "audit", StandingClock(NOON))
    with pytest.raises(StoreError, match="check that the folder can be written"):
        log.record(an_event())


def test_threads_share_one_log(tmp_path: Path) -> None:
    log = AuditLog(tmp_path, StandingClock(NOON))

    def write(name: int) -> None:
        for number in range(100):
            log.record(an_event({"writer": name, "number": number}))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = {name: [line for line in lines(tmp_path) if line["details"]["writer"] == name] for name in range(8)}
    assert all([line["details"]["number"] for line in mine] == list(range(100)) for mine in numbers.values())
    assert verify(tmp_path).ok


@pytest.mark.parametrize("renew", ["log = AuditLog(folder, Clock())", "pass"], ids=["own file", "inherited file"])
def test_eight_processes_lose_nothing(tmp_path: Path, renew: str) -> None:
    """Longer and shorter lines, some beyond a page of memory, must not run into one another."""
    body = f"""
import os
log.record(AuditEvent("first", "parent"))
for name in range(8):
    if os.fork() == 0:
        {renew}
        for number in range(300):
            details = {{"writer": name, "number": number, "text": "x" * (number * 37 % 6000)}}
            log.record(AuditEvent("memory_saved", "system", details))
        os._exit(0)
for _ in range(8):
    assert os.wait()[1] == 0
"""
    process = start(tmp_path, body)
    assert process.communicate()[0] == b""
    assert process.returncode == 0
    first, *written = (tmp_path / "2026-03-01.ndjson").read_text().splitlines()
    assert json.loads(first)["event"] == "first"
    details = [json.loads(line)["details"] for line in written if line]
    assert len(details) == 8 * 300
    for name in range(8):
        assert [each["number"] for each in details if each["writer"] == name] == list(range(300))
    assert (verify(tmp_path).ok, verify(tmp_path).events) == (True, 1 + 8 * 300)


def test_kill_9_loses_at_most_the_event_being_written(tmp_path: Path) -> None:
    body = """
import itertools, os
for number in itertools.count():
    log.record(AuditEvent("memory_saved", "system", {"number": number, "text": "x" * 20000}))
    os.write(1, b"%d\\n" % number)
"""
    process = start(tmp_path, body)
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest = process.communicate()[0].split(b"\n")
    acknowledged = int(rest[-2]) if len(rest) > 1 else 19
    AuditLog(tmp_path, StandingClock(NOON)).record(an_event({"number": -1}))

    numbers = []
    broken = 0
    for line in (tmp_path / "2026-03-01.ndjson").read_bytes().splitlines():
        try:
            numbers.append(json.loads(line)["details"]["number"])
        except ValueError:
            broken += 1
    assert broken <= 1
    assert numbers.pop() == -1
    assert numbers[: acknowledged + 1] == list(range(acknowledged + 1))
    assert len(numbers) + broken <= acknowledged + 2
    assert verify(tmp_path).ok


def test_a_full_disk_is_a_store_error_and_the_log_goes_on_after_it(tmp_path: Path) -> None:
    body = """
import resource
log.record(AuditEvent("memory_saved", "system", {"id": "m1"}))
resource.setrlimit(resource.RLIMIT_FSIZE, (500, resource.RLIM_INFINITY))
for text in ("x" * 1000, "short"):
    try:
        log.record(AuditEvent("memory_saved", "system", {"text": text}))
    except StoreError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.record(AuditEvent("memory_saved", "system", {"id": "m2"}))
"""
    process = start(tmp_path, body)
    said = process.communicate()[0].decode().splitlines()
    assert process.returncode == 0
    day = tmp_path / "2026-03-01.ndjson"
    remedy = "check that the folder can be written and that the disk has room"
    assert said == [
        f"{day}: only a part of the event could be written; {remedy}",
        f"{day}: {os.strerror(errno.EFBIG)}; {remedy}",
    ]
    first, _broken, last = day.read_text().splitlines()
    assert [json.loads(line)["details"]["id"] for line in (first, last)] == ["m1", "m2"]
    assert (verify(tmp_path).ok, verify(tmp_path).unfinished) == (True, 1)
