"""The chain: whatever was edited, deleted, moved or added is found, and nothing else is."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from metahuman.audit.chain import GENESIS, LATER, seal_of
from metahuman.audit.head import head_path
from metahuman.audit.log import AuditLog
from metahuman.audit.reader import read
from metahuman.audit.verifying import KEPT, Verdict, verify
from metahuman.state.errors import StoreError
from metahuman.state.events import AuditEvent
from tests.audit.chains import FIRST, FOREIGN, TORN, DayClock, Lines, day, lines_of, put, write


def told(verdict: Verdict) -> list[tuple[str, int, str]]:
    return [(place.file, place.line, place.what) for place in verdict.places]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seven events: three on a day, two on the next, one more on the first, because the clock went back, and one."""
    write(tmp_path / "audit", [0, 0, 0, 1, 1, 0, 1])
    return tmp_path / "audit"


def test_a_log_as_it_was_written_is_whole(folder: Path) -> None:
    verdict = verify(folder)
    assert (verdict.ok, verdict.days, verdict.events, verdict.head.seq) == (True, 2, 7, 7)
    assert (verdict.unchained, verdict.unfinished, verdict.places) == (0, 0, [])
    assert [entry.seq for entry in read(folder)] == [1, 2, 3, 6, 4, 5, 7]


def test_the_hashes_can_be_made_with_other_tools(folder: Path) -> None:
    before, written = "0" * 64, [line for lines in lines_of(folder).values() for line in lines]
    for line in sorted(written, key=lambda line: json.loads(line)["seq"]):
        event = json.loads(line)
        assert event["prev"] == before
        assert hashlib.sha256(line.rpartition(b',"hash":"')[0]).hexdigest() == event["hash"]
        before = event["hash"]


def test_no_log_is_whole(tmp_path: Path) -> None:
    assert verify(tmp_path / "none").ok
    assert verify(tmp_path / "none").head == (0, GENESIS)


def test_each_kind_of_damage_is_named_and_placed(folder: Path) -> None:
    first, second = day(folder).name, day(folder, 1).name
    one, two, three, six = lines_of(folder)[first]
    four, five, seven = lines_of(folder)[second]
    cases: list[tuple[Lines, list[tuple[str, int, str]]]] = [
        ({first: [one, two.replace(b'"n":1', b'"n":9'), three, six]}, [(first, 2, "edited")]),
        ({first: [one, two[:-200] + b"}", three, six]}, [(first, 2, "torn")]),
        ({first: [one, three, six]}, [(first, 2, "missing")]),
        ({first: [three, six]}, [(first, 1, "missing")]),
        ({first: [one, three, two, six]}, [(first, 3, "moved")]),
        ({first: [six, one, two, three]}, [(first, 1, "moved")]),
        ({first: [one, two, two, three, six]}, [(first, 3, "added")]),
        ({first: [one, FOREIGN, two, three, six]}, [(first, 2, "added")]),
        ({first: [one, TORN, two, three, six]}, [(first, 2, "added")]),
        ({first: [one, b"", two, three, six]}, [(first, 2, "added")]),
        ({first: [FOREIGN, one, two, three, six]}, [(first, 1, "added")]),
        ({first: [one, two, six], second: [three, four, five, seven]}, [(second, 1, "moved")]),
        ({first: [one, two, three, six, seven], second: [four, five]}, [(first, 5, "moved")]),
        ({first: [one, two, three, six], second: [four, five]}, [("audit.head", 0, "missing")]),
        ({first: [one, two, three, six], second: []}, [(first, 4, "missing"), ("audit.head", 0, "missing")]),
    ]
    for damaged, found in cases:
        put(folder, {first: [one, two, three, six], second: [four, five, seven]} | damaged)
        assert told(verify(folder)) == found


def test_an_event_that_was_sealed_anew_does_not_fit_the_next(folder: Path) -> None:
    lines = lines_of(folder)[day(folder).name]
    body = lines[1].rpartition(b',"hash":"')[0].replace(b'"n":1', b'"n":9')
    lines[1] = body + b',"hash":"%b"}' % hashlib.sha256(body).hexdigest().encode()
    put(folder, {day(folder).name: lines})
    assert told(verify(folder)) == [(day(folder).name, 2, "edited")]


def test_the_last_event_sealed_anew_does_not_fit_the_head(folder: Path) -> None:
    lines = lines_of(folder)[day(folder, 1).name]
    body = lines[-1].rpartition(b',"hash":"')[0].replace(b'"n":6', b'"n":9')
    lines[-1] = body + b',"hash":"%b"}' % hashlib.sha256(body).hexdigest().encode()
    put(folder, {day(folder, 1).name: lines})
    assert told(verify(folder)) == [("audit.head", 0, "edited")]


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda path: path.unlink(), "missing"),
        (lambda path: path.write_bytes(b"\0" * 192), "edited"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b'"seq":7', b'"seq":5')), "edited"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b'"seq":7', b'"seq":8')), "missing"),
    ],
)
def test_a_head_that_is_not_as_it_was_is_told(folder: Path, damage: Any, found: str) -> None:
    damage(head_path(folder))
    assert found in verify(folder).counts


def test_the_log_goes_on_without_its_head(folder: Path) -> None:
    head_path(folder).unlink()
    write(folder, [1, 0])
    assert verify(folder).ok
    assert verify(folder).events == 9


def test_a_head_that_is_replaced_while_a_log_is_open_is_found(folder: Path) -> None:
    log = AuditLog(folder, DayClock(1))
    log.record(AuditEvent("first", "system"))
    kept = head_path(folder).read_bytes()
    for change in (head_path(folder).unlink, lambda: head_path(folder).write_bytes(kept)):
        change()
        log.record(AuditEvent("second", "system"))
        write(folder, [1])
    assert verify(folder).ok
    assert verify(folder).events == 12


def test_a_deleted_day_is_missing_from_then_on_and_since_leaves_it_out(folder: Path) -> None:
    write(folder, [2])
    day(folder).unlink()
    write(folder, [2])
    assert verify(folder).counts == {"missing": 2}  # events 1 to 3, and 6
    assert verify(folder, since=FIRST + timedelta(days=2)).ok
    day(folder, 1).unlink()
    assert told(verify(folder)) == [(day(folder, 2).name, 1, "missing")]
    assert verify(folder, since=FIRST + timedelta(days=1)).ok


def test_days_without_a_chain_are_told_and_no_error(tmp_path: Path) -> None:
    old = [FOREIGN, b'{"timestamp":"2026-03-01T13:00:00.000Z","event":"last"}', TORN]
    put(tmp_path, {day(tmp_path).name: old})
    assert verify(tmp_path).ok
    write(tmp_path, [0, 1])
    verdict = verify(tmp_path)
    assert (verdict.ok, verdict.unchained, verdict.until, verdict.events) == (True, 3, None, 2)
    seal = seal_of(day(tmp_path).read_bytes().splitlines()[-1])
    assert seal
    assert seal.prev == LATER
    put(tmp_path, {day(tmp_path).name: [*old[:2], *lines_of(tmp_path)[day(tmp_path).name][3:]]})
    assert verify(tmp_path).until == "2026-03-01T13:00:00.000Z"


@pytest.mark.parametrize("left", [TORN, TORN + b"\n" + TORN, TORN + b"\n"], ids=["one", "two", "ended"])
@pytest.mark.parametrize("later", [0, 1], ids=["that day", "a day later"])
def test_unfinished_lines_of_dead_writers_are_no_damage(tmp_path: Path, left: bytes, later: int) -> None:
    folder = tmp_path / "audit"
    write(folder, [0, 0])
    with day(folder).open("ab") as file:
        file.write(left)
    if later == 0:
        assert verify(folder).counts == ({} if not left.count(b"\n") else {"added": 1})
        write(folder, [0, 1, 0])
        assert (verify(folder).ok, verify(folder).unfinished) == (True, 1 + left.count(TORN + b"\n" + TORN))
        assert [entry["details"]["n"] for entry in read(folder)] == [0, 1, 0, 2, 1]
    elif not left.count(b"\n"):
        write(folder, [1])
        assert (verify(folder).ok, verify(folder).unfinished) == (True, 1)
        write(folder, [0])
        assert (verify(folder).ok, verify(folder).unfinished) == (True, 1)


def test_an_unfinished_line_that_was_told_may_not_go_or_change(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write(folder, [0])
    with day(folder).open("ab") as file:
        file.write(TORN)
    write(folder, [0])
    (name, (first, torn, last)) = lines_of(folder).popitem()
    for damaged, found in (
        ([first, last], [(name, 2, "missing")]),
        ([first, torn + b"x", last], [(name, 2, "added"), (name, 3, "missing")]),
        ([torn, first, last], [(name, 1, "added"), (name, 3, "missing")]),
        ([first, torn, torn, last], [(name, 2, "added"), (name, 3, "added"), (name, 4, "missing")]),
    ):
        put(folder, {name: damaged})
        assert told(verify(folder)) == found


def test_an_event_whose_writer_died_before_the_head_is_taken_in(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    for days in ([0], [0, 1], [1, 0]):
        shutil.rmtree(folder, ignore_errors=True)
        head_path(folder).unlink(missing_ok=True)
        write(folder, days)
        before = head_path(folder).read_bytes()
        write(folder, [days[-1]])
        head_path(folder).write_bytes(before)
        assert verify(folder).ok
        write(folder, [0, 1])
        assert (verify(folder).ok, verify(folder).events) == (True, len(days) + 3)


@pytest.mark.parametrize("lost", [[1, 1, 1], [1, 2, 2]], ids=["that day", "into the next"])
def test_a_head_that_is_behind_as_after_a_power_cut_is_no_damage(folder: Path, lost: list[int]) -> None:
    before = head_path(folder).read_bytes()
    write(folder, lost)
    head_path(folder).write_bytes(before)
    assert verify(folder).ok
    write(folder, [2])
    assert (verify(folder).ok, verify(folder).events) == (True, 11)


def test_a_program_that_does_not_know_of_the_chain_is_told_and_spoils_nothing(folder: Path) -> None:
    with day(folder, 1).open("ab") as file:
        file.write(FOREIGN + b"\n")
    write(folder, [1, 1])
    verdict = verify(folder)
    assert told(verdict) == [(day(folder, 1).name, 4, "added")]
    assert verdict.events == 9


def test_a_head_that_was_noted_is_looked_for(folder: Path) -> None:
    noted = verify(folder).head.hash
    write(folder, [1, 2])
    assert (verify(folder, noted=noted).ok, verify(folder, noted=noted).noted) == (True, 7)
    shutil.rmtree(folder)
    head_path(folder).unlink()
    write(folder, [0, 0, 0, 1, 1, 0, 1, 1, 2], text="made up")
    assert verify(folder).ok  # whoever can write the home can make a chain
    assert told(verify(folder, noted=noted)) == [("audit.head", 0, "missing")]


def test_what_is_told_is_bounded_and_counted(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    write(folder, [0] * (KEPT + 50))
    lines = [line.replace(b"system", b"nobody") for line in lines_of(folder)[day(folder).name]]
    put(folder, {day(folder).name: lines})
    verdict = verify(folder)
    assert (verdict.counts, len(verdict.places), verdict.more) == ({"edited": KEPT + 50}, KEPT, 50)
    assert verdict.as_json()["more"] == 50


def test_a_day_that_cannot_be_read_is_a_store_error(folder: Path) -> None:
    day(folder).unlink()
    day(folder).mkdir()
    with pytest.raises(StoreError, match="check that the file exists and can be read"):
        verify(folder)


def test_progress_comes_to_the_end(folder: Path) -> None:
    heard = list[tuple[int, int]]()
    verify(folder, progress=lambda done, total: heard.append((done, total)))
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert heard[-1] == (size, size)
