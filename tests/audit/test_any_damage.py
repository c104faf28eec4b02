"""Any damage to a chained log is found; no clock, no number of writers and no kill is taken for one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.audit.verifying import verify
from tests.audit.chains import FOREIGN, TORN, Lines, day, lines_of, put, write


@contextmanager
def log_of(days: list[int]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as root:
        write(Path(root) / "audit", days)
        yield Path(root) / "audit"


@pytest.mark.slow
def test_kill_9_never_breaks_the_chain(tmp_path: Path) -> None:
    """Three writers at once are killed a hundred times, while their clock jumps between three days."""
    command = [sys.executable, "-m", "tests.audit.chain_kills", str(tmp_path / "audit"), "100"]
    outcome = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert outcome["found"] == []
    assert outcome["written"] >= 100


DAYS = st.lists(st.integers(0, 2), min_size=2, max_size=9)


@settings(max_examples=60)
@given(DAYS)
def test_whatever_the_clock_does_the_chain_is_whole(days: list[int]) -> None:
    with log_of(days) as folder:
        assert (verify(folder).ok, verify(folder).events) == (True, len(days))


@settings(max_examples=150)
@given(DAYS, st.data())
def test_any_damage_is_found(days: list[int], data: st.DataObject) -> None:
    with log_of(days) as folder:
        lines = lines_of(folder)
        before = {name: list(of_day) for name, of_day in lines.items()}
        data.draw(st.sampled_from([edit, delete, swap, move, insert]))(lines, data)
        put(folder, lines)
        assert verify(folder).ok == (lines == before)


@settings(max_examples=60)
@given(DAYS, st.data())
def test_a_tail_that_is_cut_off_is_found(days: list[int], data: st.DataObject) -> None:
    with log_of(days) as folder:
        path = day(folder, data.draw(st.sampled_from(sorted(set(days)))))
        os.truncate(path, data.draw(st.integers(0, path.stat().st_size - 2)))
        assert not verify(folder).ok
        write(folder, [data.draw(st.integers(0, 2))])
        assert not verify(folder).ok  # nor is it forgotten when the log goes on


Drawn = st.DataObject


def place(lines: Lines, data: Drawn, *, room: int = 0) -> tuple[list[bytes], int]:
    """Draw a file that has lines, and where in it; `room` is 1 for a place after the last one too."""
    of_day = lines[data.draw(st.sampled_from([name for name, some in lines.items() if some]))]
    return of_day, data.draw(st.integers(0, len(of_day) - 1 + room))


def edit(lines: Lines, data: Drawn) -> None:
    of_day, number = place(lines, data)
    at, byte = data.draw(st.integers(0, len(of_day[number]) - 1)), data.draw(st.integers(0, 255))
    changed = bytearray(of_day[number])
    changed[at] = byte if byte != ord("\n") else 0
    of_day[number] = bytes(changed)


def delete(lines: Lines, data: Drawn) -> None:
    of_day, number = place(lines, data)
    of_day.pop(number)


def swap(lines: Lines, data: Drawn) -> None:
    (one, first), (other, second) = place(lines, data), place(lines, data)
    one[first], other[second] = other[second], one[first]


def move(lines: Lines, data: Drawn) -> None:
    of_day, number = place(lines, data)
    line = of_day.pop(number)
    target = lines[data.draw(st.sampled_from(sorted(lines)))]
    target.insert(data.draw(st.integers(0, len(target))), line)


def insert(lines: Lines, data: Drawn) -> None:
    (of_day, number), (source, at) = place(lines, data, room=1), place(lines, data)
    of_day.insert(number, data.draw(st.sampled_from([source[at], FOREIGN, TORN, b"", b"\xff\0", source[at][:-9]])))
