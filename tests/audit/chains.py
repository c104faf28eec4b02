"""Chained logs for tests, and their lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from metahuman.audit.log import AuditLog
from metahuman.state.events import AuditEvent

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: What a killed writer leaves, and what another program writes.
TORN = b'{"timestamp":"2026-03-01T12:00:'
FOREIGN = b'{"timestamp":"2026-03-01T12:00:00.000Z","event":"other"}'
#: Lines as the day files have them, by their names.
Lines = dict[str, list[bytes]]


class DayClock:
    """Noon of the day it was set to."""

    def __init__(self, day: int = 0) -> None:
        self.day = day

    def now(self) -> datetime:
        return FIRST + timedelta(days=self.day)

    def milliseconds(self) -> float:
        return 0.0


def write(folder: Path, days: list[int], text: str = "é") -> None:
    """Write an event on each of these days, in this order."""
    clock = DayClock()
    log = AuditLog(folder, clock)
    for number, clock.day in enumerate(days):
        log.record(AuditEvent("memory_saved", "system", {"n": number, "text": text}))
    log.close()


def day(folder: Path, number: int = 0) -> Path:
    return folder / f"{FIRST + timedelta(days=number):%Y-%m-%d}.ndjson"


def lines_of(folder: Path) -> Lines:
    return {path.name: path.read_bytes().splitlines() for path in sorted(folder.iterdir())}


def put(folder: Path, lines: Lines) -> None:
    for name, of_day in lines.items():
        (folder / name).write_bytes(b"".join(line + b"\n" for line in of_day))
