"""Reading the log back: ranges, filters, the newest events, and events as they come."""

from __future__ import annotations

import json
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from metahuman.audit.log import AuditLog
from metahuman.audit.reader import Entry, Filters, Reader, follow, read, tail
from metahuman.state.errors import StoreError
from metahuman.state.events import AuditEvent

POLL = 0.005


class SteppingClock:
    """A clock that goes on by a second each time it is asked."""

    def __init__(self, now: datetime) -> None:
        self.time = now - timedelta(seconds=1)

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    def milliseconds(self) -> float:
        return 0.0


def write(folder: Path, day: str, *events: AuditEvent) -> None:
    log = AuditLog(folder, SteppingClock(datetime.fromisoformat(day).replace(tzinfo=UTC)))
    for event in events:
        log.record(event)
    log.close()


def numbered(*numbers: int) -> list[AuditEvent]:
    return [AuditEvent("memory_saved", "system", {"n": n}) for n in numbers]


def ns(entries: list[Entry]) -> list[Any]:
    return [entry.details.get("n") for entry in entries]


@pytest.fixture
def three_days(tmp_path: Path) -> Path:
    """Three days with two events each, numbered 1 to 6."""
    for day, first in (("2026-03-01T12:00", 1), ("2026-03-02T12:00", 3), ("2026-03-04T12:00", 5)):
        write(tmp_path, day, *numbered(first, first + 1))
    return tmp_path


def test_read_goes_through_all_days_oldest_first(three_days: Path) -> None:
    entries = list(read(three_days))
    assert ns(entries) == [1, 2, 3, 4, 5, 6]
    assert list(entries[0]) == ["timestamp", "level", "category", "event", "actor", "details"]
    assert json.loads(entries[0].line) == entries[0]


def test_a_range_leaves_other_days_unopened(three_days: Path) -> None:
    for name in ("2026-03-01.ndjson", "2026-03-04.ndjson"):
        (three_days / name).unlink()
        (three_days / name).mkdir()  # opening a folder would fail
    since, until = datetime(2026, 3, 2, 12, 0, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
    assert ns(list(read(three_days, since=since, until=until))) == [4]
    assert ns(tail(three_days, 9, since=since, until=until)) == [4]


def test_since_counts_and_until_does_not_in_any_zone(three_days: Path) -> None:
    here = timezone(timedelta(hours=-9))
    since, until = datetime(2026, 3, 1, 3, tzinfo=here), datetime(2026, 3, 2, 3, tzinfo=here)
    assert ns(list(read(three_days, since=since, until=until))) == [1, 2]


def test_other_files_of_the_folder_are_left_alone(three_days: Path) -> None:
    (three_days / "notes.ndjson").write_text('{"event":"x","details":{"n":0}}\n')
    (three_days / "2026-03-02.ndjson.bak").write_text('{"event":"x","details":{"n":0}}\n')
    assert ns(list(read(three_days))) == [1, 2, 3, 4, 5, 6]


def test_a_missing_folder_has_no_events(tmp_path: Path) -> None:
    assert list(read(tmp_path / "none")) == []
    assert tail(tmp_path / "none", 5) == []


def test_an_unreadable_day_is_a_store_error(three_days: Path) -> None:
    (three_days / "2026-03-03.ndjson").mkdir()
    with pytest.raises(StoreError, match=r"2026-03-03\.ndjson: .*; check that the file exists"):
        list(read(three_days))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"event": "llm_call"}, [1, 2]),
        ({"actor": "orchestrator"}, [2, 3]),
        ({"level": "info"}, [1, 2, 3, 4, 5]),
        ({"level": "warn"}, [2, 4, 5]),
        ({"level": "critical"}, [5]),
        ({"role": "persona"}, [1]),
        ({"thread": "t1"}, [1, 3]),
        ({"thread": "t1", "event": "llm_call", "actor": None}, [1]),
        ({"event": "nothing"}, []),
    ],
)
def test_filters(tmp_path: Path, filters: Filters, expected: list[int]) -> None:
    write(
        tmp_path,
        "2026-03-01",
        AuditEvent("llm_call", "assistant", {"n": 1, "role": "persona", "thread": "t1"}),
        AuditEvent("llm_call", "orchestrator", {"n": 2, "role": "orchestrator", "thread": "t2"}, "warn"),
        AuditEvent("route_decided", "orchestrator", {"n": 3, "thread": "t1"}),
        AuditEvent("registry_rejected", "system", {"n": 4}, "error"),
        AuditEvent("alarm", "system", {"n": 5}, "critical"),
    )
    assert ns(list(read(tmp_path, **filters))) == expected
    assert ns(tail(tmp_path, 2, **filters)) == expected[-2:]


def test_broken_lines_are_skipped_and_counted(three_days: Path) -> None:
    whole = (three_days / "2026-03-02.ndjson").read_bytes().splitlines(keepends=True)
    broken = [b"\x00\x00\x00\n", b"\xff{}\n", b'"text"\n', b"[1]\n", b'{"timestamp":"20\n', b"[" * 100_000 + b"\n"]
    empty = [b"\n", b"\r\n"]
    (three_days / "2026-03-02.ndjson").write_bytes(b"".join([whole[0], *broken, *empty, whole[1], b'{"half":']))
    reader = Reader(three_days)
    assert ns(list(reader.read())) == [1, 2, 3, 4, 5, 6]
    assert reader.broken == len(broken) + 1
    reader = Reader(three_days)
    assert ns(reader.tail(6)) == [1, 2, 3, 4, 5, 6]
    assert reader.broken == len(broken) + 1


def test_events_of_an_older_system_are_read(tmp_path: Path) -> None:
    foreign = [
        {"timestamp": "2026-03-01T08:00:00.000Z", "event": "a", "level": "info", "details": "just text"},
        {"timestamp": "2026-03-01T09:00:00", "event": "b", "level": ["odd"], "actor": None},
        {"timestamp": 17, "event": "c", "level": "verbose", "details": [1]},
        {},
    ]
    (tmp_path / "2026-03-01.ndjson").write_text("".join(json.dumps(event, indent=None) + "\r\n" for event in foreign))
    assert [dict(entry) for entry in read(tmp_path)] == foreign
    assert [entry.get("event") for entry in read(tmp_path, level="info")] == ["a", "b", "c", None]
    assert list(read(tmp_path, role="persona")) == []
    since = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    assert [entry["event"] for entry in read(tmp_path, since=since)] == ["b"]
    assert [entry.details for entry in read(tmp_path)] == [{}, {}, {}, {}]


def test_tail_counts_back_over_days(three_days: Path) -> None:
    assert ns(tail(three_days, 3)) == [4, 5, 6]
    assert tail(three_days, 0) == []
    assert ns(Reader(three_days).tail(None)) == [1, 2, 3, 4, 5, 6]


def test_tail_leaves_what_it_does_not_need_unopened(three_days: Path) -> None:
    (three_days / "2026-03-01.ndjson").unlink()
    (three_days / "2026-03-01.ndjson").mkdir()
    assert ns(tail(three_days, 4)) == [3, 4, 5, 6]


def test_tail_gets_over_lines_longer_than_a_block(tmp_path: Path) -> None:
    sizes = [10, 65_000, 70_000, 1, 300_000, 66_000, 5]
    write(tmp_path, "2026-03-01", *(AuditEvent("e", "system", {"n": size, "t": "ü" * size}) for size in sizes))
    assert ns(tail(tmp_path, 7)) == sizes
    assert ns(tail(tmp_path, 2)) == sizes[-2:]
    assert all(len(entry.details["t"]) == entry.details["n"] for entry in tail(tmp_path, 7))


def test_follow_yields_what_comes_after_it_began(three_days: Path) -> None:
    stop = threading.Event()
    entries = follow(three_days, stop, POLL, event="memory_saved")
    writer = threading.Timer(
        0.05, write, (three_days, "2026-03-04T13:00", AuditEvent("other", "system"), *numbered(7, 8))
    )
    writer.start()
    assert ns([next(entries), next(entries)]) == [7, 8]
    stop.set()
    assert list(entries) == []
    writer.join()


def test_follow_goes_on_past_midnight_and_still_hears_the_old_day(three_days: Path) -> None:
    with following(three_days) as entries:
        write(three_days, "2026-03-05T00:00", *numbered(7))
        assert ns([next(entries)]) == [7]
        write(three_days, "2026-03-04T23:59", *numbered(8))
        assert ns([next(entries)]) == [8]
        for day in ("06", "07", "08"):  # as after a long sleep
            write(three_days, f"2026-03-{day}T10:00", *numbered(int(day)))
        assert ns([next(entries) for _ in range(3)]) == [6, 7, 8]


def test_follow_starts_in_an_empty_home(tmp_path: Path) -> None:
    with following(tmp_path / "audit", last=5) as entries:
        write(tmp_path / "audit", "2026-03-05T10:00", *numbered(1, 2))
        assert ns([next(entries), next(entries)]) == [1, 2]


def test_follow_never_yields_half_a_line(three_days: Path) -> None:
    day = three_days / "2026-03-04.ndjson"
    line = b'{"event":"late","details":{"n":7}}\n'
    reader = Reader(three_days)
    with day.open("ab", buffering=0) as file:
        file.write(line[:9])
        with following(reader, last=1) as entries:
            assert ns([next(entries)]) == [6]
            file.write(line[9:20])
            threading.Timer(0.05, file.write, (line[20:],)).start()
            assert ns([next(entries)]) == [7]
    assert reader.broken == 0


def test_follow_shows_the_last_ones_once(three_days: Path) -> None:
    with following(three_days, last=3) as entries:
        first = next(entries)
        write(three_days, "2026-03-04T13:00", *numbered(7))
        assert ns([first, *(next(entries) for _ in range(3))]) == [4, 5, 6, 7]


def test_follow_reads_a_file_that_was_replaced_from_its_start(three_days: Path) -> None:
    with following(three_days) as entries:
        day = three_days / "2026-03-04.ndjson"
        before = day.stat().st_size
        day.unlink()
        write(three_days, "2026-03-04T13:00", *numbered(9))
        assert day.stat().st_size < before
        assert ns([next(entries)]) == [9]


def test_the_newest_of_a_long_log_are_found_from_its_end(tmp_path: Path) -> None:
    """A hundred megabytes of history, as a sparse file, of which only the last block may be read."""
    day = tmp_path / "2026-03-01.ndjson"
    with day.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    write(tmp_path, "2026-03-01T12:00", *numbered(*range(50)))
    tracemalloc.start()
    entries = tail(tmp_path, 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ns(entries) == list(range(30, 50))
    assert peak < 2 * 1024 * 1024


class following:  # noqa: N801 - read as a verb in `with`
    """Follow a folder from now on, and stop at the end of the block."""

    def __init__(self, source: Path | Reader, *, last: int = 0) -> None:
        self.stop = threading.Event()
        reader = source if isinstance(source, Reader) else Reader(source)
        self.entries = reader.follow(self.stop, POLL, last=last)
        self.last = last

    def __enter__(self) -> Iterator[Entry]:
        return self.entries

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        assert list(self.entries) == []
