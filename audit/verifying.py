"""Verifies the audit log: finds what was edited, deleted, moved or put in between since it was written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.audit.chain import Link
from metahuman.audit.days import REMEDY, days_of
from metahuman.audit.head import Head, at_rest, head_path, read_head
from metahuman.audit.joining import Place, joined
from metahuman.audit.scanning import Scan
from metahuman.state.files import store_errors

#: Places that are kept; of those beyond, only the number is told.
KEPT = 100
Progress = Callable[[int, int], None]


class Verdict(NamedTuple):
    """What became of a log since it was written.

    Args:
        days: How many day files were read.
        events: How many sound events of the chain they hold.
        head: The last of them.
        unchained: How many lines were written before there was a chain.
        until: The time of the last of those, as it stands there.
        unfinished: Lines that broke off with the program that wrote them; no event but that one is lost by them.
        noted: The number of the event whose hash was asked about; None if none was, or it is not there.
        counts: How many places there are of each kind.
        places: What is wrong and where, by file and line; the first `KEPT`.
    """

    days: int
    events: int
    head: Link
    unchained: int
    until: str | None
    unfinished: int
    noted: int | None
    counts: dict[str, int]
    places: list[Place]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    @property
    def more(self) -> int:
        """How many places there are beyond those that are kept."""
        return sum(self.counts.values()) - len(self.places)

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        told = self._asdict() | {"head": self.head._asdict(), "places": [place._asdict() for place in self.places]}
        return {"ok": self.ok, **told, "more": self.more}


class _Taken(NamedTuple):
    """The log at one moment, between two events."""

    head_file: bytes | None
    days: list[tuple[Path, int]]


def verify(
    folder: Path,
    *,
    since: datetime | None = None,
    noted: str | None = None,
    progress: Progress = lambda done, total: None,
) -> Verdict:
    """Read a whole log and check its chain, as it stands between two events; writers need not stop.

    Args:
        folder: The log's folder; it need not exist.
        since: Leave out what is wrong in the files of earlier days (UTC), and that days before them are gone.
        noted: A hash that was noted down elsewhere: an event must have it.
        progress: Told the bytes done, and all there are.

    Raises:
        StoreError: If a file cannot be read.
    """
    taken = _take(folder)
    head = read_head(taken.head_file or b"")
    scan, done, total = Scan(head.seq if head else 0, noted), 0, sum(size for _, size in taken.days)
    for path, size in taken.days:
        scan.add(path, size, lambda read, done=done: progress(done + read, total))  # type: ignore[misc]
        done += size
        progress(done, total)
    first = f"{since.astimezone(UTC).date()}.ndjson" if since else ""
    places = [*joined(scan, head, head_path(folder).name, first), *_of_head(scan, taken, head, folder)]
    wrong = sorted(place for place in places or _cut(taken, head) if place.line == 0 or place.file >= first)
    until = _time_of(scan.last_unchained) if scan.unchained else None
    last = max((run.last for run in scan.runs), default=Link())
    facts = (len(taken.days), scan.events, last, scan.unchained, until, scan.unfinished, scan.found)
    return Verdict(*facts, dict(Counter(place.what for place in wrong)), wrong[:KEPT])


def _take(folder: Path) -> _Taken:
    with at_rest(head_path(folder)) as head, store_errors(folder, REMEDY):
        return _Taken(head, _sizes(folder))


def _sizes(folder: Path) -> list[tuple[Path, int]]:
    return [(path, path.stat().st_size) for path in days_of(folder)]


def _of_head(scan: Scan, taken: _Taken, head: Head | None, folder: Path) -> list[Place]:
    """Return what is wrong with the head's own file, and where the log does not agree with it."""
    name, places = head_path(folder).name, list[Place]()
    if head is None and scan.runs and taken.head_file is None:
        places.append(Place(name, 0, "missing", "without it, an end that was cut off does not show"))
    elif head is None and taken.head_file:
        places.append(Place(name, 0, "edited", "it does not say where the chain ends"))
    elif head and scan.hash not in (None, head.hash):
        places.append(Place(name, 0, "edited", f"event {head.seq} has another hash in the log than here"))
    if scan.noted and scan.found is None:
        places.append(Place(name, 0, "missing", f"no event has the hash {scan.noted}"))
    return places


def _cut(taken: _Taken, head: Head | None) -> Iterator[Place]:
    """Yield the file that lost its end but no event: a line break."""
    for path, size in taken.days:
        if head and path.stem == head.day and size < head.size:
            yield Place(path.name, 0, "missing", f"its end: it had {head.size:,} bytes")


def _time_of(line: bytes) -> str | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    moment = event.get("timestamp") if isinstance(event, dict) else None
    return moment if isinstance(moment, str) else None
