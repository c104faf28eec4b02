"""Reads the audit log back: a stretch of time, the newest events, or events as they are written."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, get_args

from metahuman.audit.chain import without_seal
from metahuman.audit.days import appended, backward, days_of, end_of_lines, forward
from metahuman.state.events import Level

if TYPE_CHECKING:
    from threading import Event

#: From the harmless to the worst.
LEVELS: tuple[Level, ...] = get_args(Level)
POLL = 0.25


class Filters(TypedDict, total=False):
    """Which events are wanted; what is left out, or None, does not matter.

    `since` is the first moment wanted and `until` the first no longer wanted. `level` means that level or worse.
    `role` and `thread` are those of the event's details.
    """

    since: datetime | None
    until: datetime | None
    event: str | None
    actor: str | None
    level: Level | None
    role: str | None
    thread: str | None


class Entry(dict[str, Any]):
    """One event as it stands in the log, without what chains it to others. Events of other writers may lack any key.

    Args:
        line: The event's line, without the chain and the line break.
        event: What that line says.
        seq: Its number in the chain; None for an event that is in none.
    """

    __slots__ = ("line", "seq")

    def __init__(self, line: str, event: Mapping[str, Any], seq: int | None = None) -> None:
        super().__init__(event)
        self.line, self.seq = line, seq

    @property
    def details(self) -> dict[str, Any]:
        """The event's details; empty if they are missing or no object."""
        details = self.get("details")
        return details if isinstance(details, dict) else {}

    @property
    def moment(self) -> datetime | None:
        """The event's time, with a time zone; None if it has none that can be read."""
        try:
            moment = datetime.fromisoformat(self["timestamp"])
        except (KeyError, TypeError, ValueError):
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Reader:
    """Reads the events of one folder that pass the filters.

    `broken` counts the lines met so far that are no event, such as the last line of a process that was killed.

    Args:
        folder: Where the day files are; it need not exist.
        filters: Which events are wanted.
    """

    def __init__(self, folder: Path, **filters: Unpack[Filters]) -> None:
        self.broken = 0
        self._folder = folder
        self._since, self._until = _utc(filters.get("since")), _utc(filters.get("until"))
        self._levels = LEVELS[LEVELS.index(filters.get("level") or LEVELS[0]) :]
        self._event, self._actor = filters.get("event"), filters.get("actor")
        self._role, self._thread = filters.get("role"), filters.get("thread")

    def read(self) -> Iterator[Entry]:
        """Yield the events, oldest first. Days outside the range are not opened.

        Raises:
            StoreError: If a day's file cannot be read.
        """
        for day in self._in_range(days_of(self._folder)):
            yield from self._wanted(forward(day))

    def tail(self, n: int | None) -> list[Entry]:
        """Return the newest `n` events (all for None), oldest first, reading no further back than needed.

        Raises:
            StoreError: If a day's file cannot be read.
        """
        return self._tail(n, days_of(self._folder), {})

    def follow(self, stop: Event, poll: float = POLL, *, last: int | None = 0) -> Iterator[Entry]:
        """Yield the newest `last` events (all for None), then every event as it is written, past midnight too.

        A line still being written is held back until it is whole.

        Args:
            stop: Set it to end the iteration.
            poll: The seconds between two looks at the folder.
            last: How many events of those already there come first.

        Raises:
            StoreError: If a day's file cannot be read.
        """
        # Where the files end is noted now, not at the first `next`, so that nothing written in between is missed.
        days = days_of(self._folder)
        # Two days, because around midnight a slower process may still write into the day that has gone.
        ends = {day: end_of_lines(day) for day in days[-2:]}
        return itertools.chain(self._tail(last, days, ends), self._follow(stop, poll, ends))

    def _follow(self, stop: Event, poll: float, ends: dict[Path, int]) -> Iterator[Entry]:
        """Yield what is written after `ends`, which says for each of the newest days how far it has been read."""
        first = min(ends, default=self._folder)
        while not stop.is_set():
            days = [day for day in days_of(self._folder) if day >= first]
            for day in days:
                lines, ends[day] = appended(day, ends.get(day, 0))
                yield from self._wanted(lines)
            first = min(days[-2:], default=first)
            stop.wait(poll)

    def _tail(self, n: int | None, days: Sequence[Path], ends: Mapping[Path, int]) -> list[Entry]:
        newest_first = (line for day in reversed(self._in_range(days)) for line in backward(day, ends.get(day)))
        return list(itertools.islice(self._wanted(newest_first), n))[::-1]

    def _in_range(self, days: Sequence[Path]) -> list[Path]:
        first = self._since.date().isoformat() if self._since else ""
        last = self._until.date().isoformat() if self._until else "9999-99-99"
        return [day for day in days if first <= day.stem <= last]

    def _wanted(self, lines: Iterable[bytes]) -> Iterator[Entry]:
        return (entry for line in lines if (entry := self._entry(line)) is not None and self._accepts(entry))

    def _entry(self, line: bytes) -> Entry | None:
        # A writer that recovers from a half line can leave an empty one: no event is lost by it.
        if not (whole := line.strip()):
            return None
        try:
            bare, seq = without_seal(whole)
            text = bare.decode().strip()
            return Entry(text, _object(json.loads(text)), seq)
        except (ValueError, RecursionError):
            self.broken += 1
            return None

    def _accepts(self, entry: Entry) -> bool:
        level = entry.get("level")
        return (
            (level if level in LEVELS else LEVELS[0]) in self._levels
            and self._event in (None, entry.get("event"))
            and self._actor in (None, entry.get("actor"))
            and self._role in (None, entry.details.get("role"))
            and self._thread in (None, entry.details.get("thread"))
            and self._in_time(entry)
        )

    def _in_time(self, entry: Entry) -> bool:
        if self._since is None and self._until is None:
            return True
        moment = entry.moment
        if moment is None:
            return False
        return not (self._since and moment < self._since) and not (self._until and moment >= self._until)


def read(folder: Path, **filters: Unpack[Filters]) -> Iterator[Entry]:
    """Yield the events of `folder` that pass the filters, oldest first.

    Raises:
        StoreError: If a day's file cannot be read.
    """
    return Reader(folder, **filters).read()


def tail(folder: Path, n: int, **filters: Unpack[Filters]) -> list[Entry]:
    """Return the newest `n` events of `folder` that pass the filters, oldest first.

    Raises:
        StoreError: If a day's file cannot be read.
    """
    return Reader(folder, **filters).tail(n)


def follow(folder: Path, stop: Event, poll: float = POLL, **filters: Unpack[Filters]) -> Iterator[Entry]:
    """Yield new events of `folder` that pass the filters until `stop` is set, looking every `poll` seconds.

    Raises:
        StoreError: If a day's file cannot be read.
    """
    return Reader(folder, **filters).follow(stop, poll)


def _utc(moment: datetime | None) -> datetime | None:
    return moment and moment.astimezone(UTC)


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not an object")  # broken, like any other line that holds no event
    return value
