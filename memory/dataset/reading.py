"""Files of rows read, whatever is in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from metahuman.memory.dataset.building import bring_up, by_day, day_file
from metahuman.memory.dataset.known import Known
from metahuman.state.curating import Pair
from metahuman.state.files import store_errors, whole

_ROLES = ["user", "assistant"]


class Line(NamedTuple):
    """A line of a file of rows.

    Args:
        number: Its number, from 1.
        row: The row; None where it is none.
        problem: Why it is none; "" where it is one.
    """

    number: int
    row: Pair | None
    problem: str


def lines_in(path: Path) -> Iterator[Line]:
    """Yield the lines of a file; an empty one is none.

    Raises:
        StoreError: If it cannot be read.
    """
    with store_errors(path, "check that it exists and can be read"):
        data = path.read_bytes()
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            yield _line(number, line)


def rows_in(path: Path) -> list[Pair]:
    """Return the rows of a file; lines that hold none are passed over.

    Raises:
        StoreError: If it cannot be read.
    """
    return [line.row for line in lines_in(path) if line.row]


def pairs_of(root: Path) -> tuple[Known, list[Pair]]:
    """Return what is known of a home's curated memories, and their pairs; for who keeps others out, see `bring_up`.

    Raises:
        SettingError: If `etc/adapter-builder.json` is wrong.
        StoreError: If something cannot be read or written.
    """
    known = bring_up(root)
    return known, [row for day in sorted(by_day(known)) for row in rows_in(day_file(root, day))]


def _line(number: int, line: bytes) -> Line:
    try:
        value = whole(json.loads(line))
    except RecursionError:
        return Line(number, None, "nested too deeply")
    except ValueError:  # UnicodeDecodeError is one
        return Line(number, None, "not JSON")
    problem = _misshapen(value)
    return Line(number, None, problem) if problem else Line(number, cast(Pair, value), "")


def _misshapen(value: Any) -> str:
    """Return why a value has not the shape of a row; "" where it has."""
    if not isinstance(value, dict):
        return "no object"
    messages, about = value.get("messages"), value.get("metadata")
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        return "no list of messages"
    if [one.get("role") for one in messages] != _ROLES:
        return "not a message and its answer"
    if not all(isinstance(one.get("content"), str) and one["content"].strip() for one in messages):
        return "an empty message"
    if not isinstance(about, dict) or not isinstance(about.get("sourceId"), str):
        return "does not say which memory it was made from"
    return ""
