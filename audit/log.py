"""Appends audit events to one file a day, safely between threads and processes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import reprlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metahuman.audit.chain import sealed
from metahuman.audit.head import Head, HeadFile
from metahuman.audit.settling import Settled, recovered, settled, turned
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

    Any number of threads and processes may append to one folder; they take turns. Each event is chained to the one
    written before it, see `metahuman.audit.chain`. A process that is killed loses at most the event it was writing.

    Args:
        folder: Where the day files are; created, for the owner's eyes only, by the first event.
        clock: Gives each event its time.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._head = HeadFile(folder, lambda: recovered(folder))
        self._day, self._path, self._descriptor = "", folder, -1

    def record(self, event: AuditEvent) -> None:
        """Append `event`, stamped with the time of now; the operating system has it when this returns.

        Raises:
            StoreError: If it cannot be written, for example because the disk is full.
        """
        self.append(event)

    def append(self, event: AuditEvent) -> str:
        """As `record`; return the day it was written under (YYYY-MM-DD)."""
        encoded = _encoded(event)
        # The clock is read while all others wait, so that events stand in a file in the order of their times.
        with self._lock, self._head as head:
            stamp = iso(self._clock.now())
            if stamp[:10] != self._day:
                self._close()
                self._day, self._path = stamp[:10], self._folder / f"{stamp[:10]}.ndjson"
            with store_errors(self._path):
                self._write(head, b'{"timestamp":"%b",%b' % (stamp.encode(), encoded))
            return self._day

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
            self._head.close()

    def _write(self, head: Head, event: bytes) -> None:
        if self._day != head.day:
            head = turned(head, self._folder, self._day)
            # Before the first event there, so that what a killed writer left is always in the file that the head names.
            self._head.write(head)
        # Whoever wrote last may have died in the middle of a line, or before it wrote the head.
        found = settled(head, self._descriptor) if self._open() != head.size else Settled(head, "", open=False)
        line, link = sealed(event, found.head.link, found.torn)
        line = b"\n" + line if found.open else line
        # One write in append mode keeps lines whole, also beside programs that do not know of the chain.
        if os.write(self._descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, "only a part of the event could be written")
        with contextlib.suppress(OSError):  # the event is written; who comes next sees that the head is behind
            self._head.write(head.with_link(link, os.lseek(self._descriptor, 0, os.SEEK_CUR)))

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


def _encoded(event: AuditEvent) -> bytes:
    """Return `event` as JSON without its first brace, whatever its details hold: an odd value must not cost the event.

    Its time goes before it.
    """
    record: dict[str, Any] = {
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
    return text[1:].encode(errors="backslashreplace")


def _plain(value: Any) -> Any:
    """Return `value` if JSON can hold it, else its text, shortened."""
    try:
        _encode(value)
    except _UNENCODABLE:
        return _shorten.repr(value)
    return value
