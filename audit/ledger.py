"""The usage ledger: what was asked of whom, day by day, and what it cost. It sums up the audit's model calls."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from metahuman.audit.database import Database
from metahuman.state.errors import ModelSetAside, OverCap, StoreError, TooFar
from metahuman.state.events import CANCELLED
from metahuman.state.files import whole
from metahuman.state.services import Spent
from metahuman.state.sqlite import transaction

if TYPE_CHECKING:
    from metahuman.audit.reader import Entry, Reader

#: The audit event that is counted.
CALL = "llm_call"
#: What sums are kept for. Empty text stands for what a call does not have, such as a thread.
KEYS = ("day", "provider", "model", "model_id", "role", "mode", "thread")
#: Failures of models that were not even asked.
NOT_ASKED = frozenset(error.kind for error in (ModelSetAside, TooFar, OverCap))
REMEDY = "`metahuman usage --rebuild` counts anew from the audit log"


class Totals(NamedTuple):
    """Sums over calls. A call that is neither an answer nor a failure is one whose end nobody waited for.

    Args:
        calls: How often a model was asked; a second try counts again.
        answers: How often it answered.
        failures: How often it failed.
        fallbacks: How many of the answers were given in place of another model.
        prompt: Tokens read.
        completion: Tokens written.
        cached: Those of `prompt` that were not computed again.
        seconds: How long it took.
        cost: In the owner's currency.
    """

    calls: int = 0
    answers: int = 0
    failures: int = 0
    fallbacks: int = 0
    prompt: int = 0
    completion: int = 0
    cached: int = 0
    seconds: float = 0.0
    cost: float = 0.0


class Row(NamedTuple):
    """Sums for one combination of keys."""

    key: tuple[str, ...]
    totals: Totals


class Rebuilt(NamedTuple):
    """How many calls, of how many days, were counted anew."""

    calls: int
    days: int


#: One statement for each version of the table. Only ever append: it brings ledgers of any version up to date.
_MIGRATIONS = (
    """
    CREATE TABLE usage (
        day TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, model_id TEXT NOT NULL,
        role TEXT NOT NULL, mode TEXT NOT NULL, thread TEXT NOT NULL,
        calls INTEGER NOT NULL, answers INTEGER NOT NULL, failures INTEGER NOT NULL, fallbacks INTEGER NOT NULL,
        prompt INTEGER NOT NULL, completion INTEGER NOT NULL, cached INTEGER NOT NULL,
        seconds REAL NOT NULL, cost REAL NOT NULL,
        PRIMARY KEY (day, provider, model, model_id, role, mode, thread)
    ) WITHOUT ROWID
    """,
)
_ADD_TO = "INSERT INTO usage ({keys}, {names}) VALUES ({marks}) ON CONFLICT ({keys}) DO UPDATE SET {sums}"
_ADD = _ADD_TO.format(
    keys=", ".join(KEYS),
    names=", ".join(Totals._fields),
    marks=", ".join("?" * len(KEYS + Totals._fields)),
    sums=", ".join(f"{name} = {name} + excluded.{name}" for name in Totals._fields),
)
_SPENT = "SELECT TOTAL(calls), TOTAL(prompt + completion), TOTAL(cost) FROM usage WHERE provider = ? AND day = ?"
_SUMS = ", ".join(f"SUM({name})" for name in Totals._fields)
_ROWS = "SELECT {keys}, {sums} FROM usage WHERE day BETWEEN ? AND ? GROUP BY {keys} ORDER BY {keys}"
#: A larger number is no count of anything, and SQLite would not take it.
_LARGEST = 2**53
_LOG = logging.getLogger(__name__)


class Ledger:
    """The usage ledger of a home, for any number of threads and processes.

    It can be made anew from the audit log, so it never stops the twin: a damaged one is moved aside, and what cannot
    be counted is told once.

    Args:
        path: The SQLite file; created, for the owner's eyes only, by the first call that is counted.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Reading has a connection of its own, so that it does not wait while another process writes.
        self._writing, self._reading = (Database(path, _MIGRATIONS, REMEDY) for _ in range(2))
        self._told = False

    def add(self, day: str, call: Mapping[str, Any]) -> None:
        """Count one call; the operating system has it when this returns.

        Args:
            day: The UTC day of the audit event (YYYY-MM-DD).
            call: The event's details, see `ModelCall`.
        """
        rows = _counted(day, call)
        try:
            self._writing.run(lambda connection: _insert(connection, rows))
        except StoreError as error:
            self._tell(error)

    def spent(self, provider: str, day: str) -> Spent:
        """Return what `provider` was asked for on `day` (YYYY-MM-DD, that of UTC)."""
        try:
            if self._path.exists():
                sums = self._reading.run(lambda connection: connection.execute(_SPENT, (provider, day)).fetchone())
                return Spent(int(sums[0]), int(sums[1]), sums[2])
        except StoreError as error:
            self._tell(error)
        return Spent(0, 0, 0.0)

    def rows(self, since: str, until: str, by: Sequence[str] = KEYS) -> list[Row]:
        """Return the sums over a stretch of days, in the order of their keys.

        Args:
            since: The first day (YYYY-MM-DD, that of UTC).
            until: The last day.
            by: Which of `KEYS` to keep apart.

        Raises:
            ValueError: If one of them is no key.
            StoreError: If the ledger cannot be read.
        """
        if not by or not set(by) <= set(KEYS):
            raise ValueError(f"by {', '.join(by)}: name some of {', '.join(KEYS)}")
        if not self._path.exists():
            return []
        query = _ROWS.format(keys=", ".join(by), sums=_SUMS)
        found = self._reading.run(lambda connection: connection.execute(query, (since, until)).fetchall())
        return [Row(row[: len(by)], Totals(*row[len(by) :])) for row in found]

    def rebuild(self, reader: Reader) -> Rebuilt:
        """Count every day that `reader` has anew; days that it has no call of keep their sums.

        A twin that answers meanwhile may have its latest call counted twice.

        Args:
            reader: Reads the audit log's `llm_call` events.

        Raises:
            StoreError: If the audit cannot be read or the ledger not be written; all sums are then as before.
        """
        return self._writing.run(lambda connection: _recounted(connection, reader))

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        self._writing.close()
        self._reading.close()

    def _tell(self, error: StoreError) -> None:
        if not self._told:
            self._told = True
            _LOG.warning("%s; until then usage is not counted, and %s", error, REMEDY)


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    if len(rows) == 1:  # by far the most, and twice as fast
        connection.execute(_ADD, rows[0])
        return
    with transaction(connection):
        connection.executemany(_ADD, rows)


def _recounted(connection: sqlite3.Connection, reader: Reader) -> Rebuilt:
    days: set[str] = set()
    calls = 0
    with transaction(connection):
        for entry in reader.read():
            if (day := _day(entry)) is None:
                continue
            if day not in days:
                connection.execute("DELETE FROM usage WHERE day = ?", (day,))
                days.add(day)
            connection.executemany(_ADD, _counted(day, entry.details))
            calls += 1
    return Rebuilt(calls, len(days))


def _day(entry: Entry) -> str | None:
    """Return the UTC day of an event; None if it has no time that can be read."""
    try:
        moment = entry.moment and entry.moment.astimezone(UTC)
    except OverflowError:  # a time at the edge of the calendar
        return None
    return moment.date().isoformat() if moment else None


def _counted(day: str, call: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return what one call adds: a row for each model that failed, and one for the model that answered or was left.

    Events of older versions lack some fields, and those of other programs may hold anything in them.
    """
    failed = call.get("failed")
    tries = [one for one in failed if isinstance(one, dict)] if isinstance(failed, list) else []
    asked = [one for one in tries if one.get("kind") not in NOT_ASKED]
    rows = [_row(day, call, one, (0, 1, 0), _seconds(one)) for one in asked]
    if call.get("modelId") or not asked:
        error = call.get("error")
        how = error is None, error not in (None, CANCELLED), bool(call.get("fallback"))
        # A call's time is that of all its tries.
        rows.append(_row(day, call, call, how, max(_seconds(call) - sum(map(_seconds, tries)), 0.0)))
    return rows


def _row(
    day: str, call: Mapping[str, Any], one: Mapping[str, Any], how: tuple[int, int, int], seconds: float
) -> tuple[Any, ...]:
    """Return the values of `_ADD` for `one` try of `call`; `how` counts answers, failures and fallbacks."""
    told = one.get("tokens")
    tokens = told if isinstance(told, dict) else {}
    return (
        day,
        *(_text(one.get(name)) for name in ("provider", "model", "modelId")),
        *(_text(call.get(name)) for name in ("role", "mode", "thread")),
        1,
        *how,
        *(_number(tokens.get(name)) for name in ("prompt", "completion", "cached")),
        seconds,
        _number(one.get("cost")),
    )


def _seconds(one: Mapping[str, Any]) -> float:
    return _number(one.get("latencyMs")) / 1000


def _number(value: object) -> float:
    return value if isinstance(value, (int, float)) and 0 <= value < _LARGEST else 0


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else str(whole(value))
