"""Writes events to the audit log, and counts the model calls among them in the usage ledger."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from metahuman.audit.ledger import CALL

if TYPE_CHECKING:
    from metahuman.audit.ledger import Ledger
    from metahuman.audit.log import AuditLog
    from metahuman.state.events import AuditEvent

#: How many written events may wait for others before those who sent them are told.
BATCH = 64


class Recorder:
    """The audit of a home: what happened goes to the log, and what it cost to the ledger.

    Args:
        log: Where every event is written.
        ledger: Where model calls are counted, under the day that the log wrote them.
    """

    def __init__(self, log: AuditLog, ledger: Ledger) -> None:
        self.log, self.ledger = log, ledger
        # A thread of its own, not asyncio's: those would queue for the log's lock, and wake the loop for every event.
        self._writer: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting = 0
        self._written: deque[_Written] = deque()

    def record(self, event: AuditEvent) -> None:
        """Write `event`; the operating system has it when this returns.

        Raises:
            StoreError: If it cannot be written, for example because the disk is full.
        """
        day = self.log.append(event)
        if event.event == CALL:
            self.ledger.add(day, event.details)

    async def arecord(self, event: AuditEvent) -> None:
        """Write `event` in a thread, so that a slow disk does not hold up the event loop.

        It is written even if whoever waits for this is cancelled.

        Raises:
            StoreError: If it cannot be written.
        """
        told = asyncio.get_running_loop().create_future()
        with self._lock:
            self._writer = self._writer or ThreadPoolExecutor(1, thread_name_prefix="audit")
            self._waiting += 1
            writing = self._writer.submit(self.record, event)
        writing.add_done_callback(partial(self._note, told))
        await told

    def close(self) -> None:
        """Write what still waits, and close what is open; a later event opens it again."""
        with self._lock:
            writer, self._writer = self._writer, None
        if writer:
            writer.shutdown()
        self.log.close()
        self.ledger.close()

    def _note(self, told: asyncio.Future[None], writing: Future[None]) -> None:
        """Note that an event is written; the last of those that wait, or a batch of them, are told in one go."""
        with self._lock:
            self._waiting -= 1
            self._written.append(_Written(told, writing))
            if self._waiting and len(self._written) < BATCH:
                return
            written, self._written = self._written, deque()
        loops = {one.told.get_loop() for one in written}
        for loop in loops:
            with contextlib.suppress(RuntimeError):  # it was closed without waiting
                loop.call_soon_threadsafe(_tell, [one for one in written if one.told.get_loop() is loop])


class _Written(NamedTuple):
    """An event that was written, or could not be, and who waits for that."""

    told: asyncio.Future[None]
    writing: Future[None]


def _tell(written: list[_Written]) -> None:
    for told, writing in written:
        if told.done():  # whoever waited was cancelled
            continue
        if error := writing.exception():
            told.set_exception(error)
        else:
            told.set_result(None)
