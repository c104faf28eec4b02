"""Appends audit events to one file a day, safely between threads and processes."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import reprlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metahuman.state.files import make_folder, store_errors
from metahuman.state.moments import iso

if TYPE_CHECKING:
    from metahuman.state.events import AuditEvent
    from metahuman.state.services import Clock

# NaN is refused, because the line would no longer be JSON to jq and other readers.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str, separators=(",", ":")).encode
#: What encoding a value may raise: no JSON form, a cycle, too deep, or a `__str__` that fails.
_UNENCODABLE = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, RuntimeError, OSError)
_shorten = reprlib.Repr()
_shorten.maxother = _shorten.maxstring = 200


class AuditLog:
    """The audit log of a home: `folder/YYYY-MM-DD.ndjson`, one JSON object a line, the day being that of UTC.

    Any number of threads and processes may append to one folder. A process that is killed loses at most the event
    it was writing.

    Args:
        folder: Where the day files are; created, for the owner's eyes only, by the first event.
        clock: Gives each event its time.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._day, self._path, self._descriptor = "", folder, -1

    def record(self, event: AuditEvent) -> None:
        """Append `event`, stamped with the time of now; the operating system has it when this returns.

        Raises:
            StoreError: If it cannot be written, for example because the disk is full.
        """
        self.append(event)

    def append(self, event: AuditEvent) -> str:
        """As `record`; return the day it was written under (YYYY-MM-DD)."""
        # The clock is read under the lock, so that a process's events stand in the file in the order of their times.
        with self._lock:
            stamp = iso(self._clock.now())
            day = stamp[:10]
            self._write(day, _line(stamp, event))
        return day

    async def arecord(self, event: AuditEvent) -> None:
        """Append `event` in a thread, so that a slow disk does not hold up the event loop.

        Raises:
            StoreError: If it cannot be written.
        """
        await asyncio.to_thread(self.record, event)

    def close(self) -> None:
        """Close the day's file; a later event opens it again."""
        with self._lock:
            self._close()

    def _write(self, day: str, line: bytes) -> None:
        if day != self._day:
            self._close()
            self._day, self._path = day, self._folder / f"{day}.ndjson"
        with store_errors(self._path):
            size = self._open()
            # Whoever wrote last may have died in the middle of a line: it must not spoil this one too.
            if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line
            # One write in append mode is what keeps the lines of several processes whole.
            if os.write(self._descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, "only a part of the event could be written")

    def _open(self) -> int:
        """Open the day's file unless it is open, and return its size in bytes."""
        if self._descriptor >= 0:
            held = os.fstat(self._descriptor)
            if held.st_nlink:  # zero once somebody has deleted the file: then start a new one
                return held.st_size
            self._close()
        make_folder(self._folder)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fstat(self._descriptor).st_size

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _line(stamp: str, event: AuditEvent) -> bytes:
    """Return the line of `event`, whatever its details hold: an odd value must not cost the event."""
    record: dict[str, Any] = {
        "timestamp": stamp,
        "level": event.level,
        "category": event.category,
        "event": event.event,
        "actor": event.actor,
        "details": dict(event.details),
    }
    try:
        text = _encode(record)
    except _UNENCODABLE:
        text = _encode(record | {"details": {str(key): _plain(value) for key, value in event.details.items()}})
    # Half a surrogate pair has no UTF-8, but Python's escape for it is JSON's too.
    return text.encode(errors="backslashreplace") + b"\n"


def _plain(value: Any) -> Any:
    """Return `value` if JSON can hold it, else its text, shortened."""
    try:
        _encode(value)
    except _UNENCODABLE:
        return _shorten.repr(value)
    return value
