"""What was begun and how it ended, so that a call runs once, also if the program dies while it runs.

A call is written down before it runs, and again when it has ended. One that a crash left without an end is settled
later, by what can still be found out about it.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from metahuman.state.acting import Ended
from metahuman.state.errors import StoreError
from metahuman.state.files import REMEDY
from metahuman.state.sqlite import Held, alone, connect, is_damage, transaction
from metahuman.tools.begun import Begun, Known
from metahuman.tools.presence import Presence

T = TypeVar("T")
#: Seconds for which the words that a tool brought are kept; the rest of a row stays, so that nothing runs again.
KEPT = 30 * 86_400.0
_VERSION = 1
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS calls (
    key TEXT PRIMARY KEY, execution TEXT NOT NULL, begun REAL NOT NULL, process TEXT NOT NULL, thread TEXT,
    told TEXT NOT NULL, ended TEXT, outcome TEXT, audited INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS unsettled ON calls (begun) WHERE ended IS NULL OR audited = 0;
CREATE INDEX IF NOT EXISTS outcomes ON calls (begun) WHERE outcome IS NOT NULL;
CREATE INDEX IF NOT EXISTS threads ON calls (thread) WHERE outcome IS NOT NULL;
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_AUDITED = "UPDATE calls SET audited = 1 WHERE execution = ?"
_ROW = "execution, begun, process, thread, told, ended, outcome"


class Journal:
    """The journal of a home, for any number of threads and processes.

    Unlike an index it cannot be made anew: one that is damaged stops the operator until it is moved away.

    Args:
        path: The SQLite file; created for the owner's eyes only.
        locks: The folder in which processes show that they are there.
    """

    def __init__(self, path: Path, locks: Path) -> None:
        self.path, self._presence = path, Presence(locks)
        self._held = Held(path, self._opened)
        self._told: list[str] = []
        self._running: set[str] = set()

    @contextlib.contextmanager
    def running(self, execution: str) -> Iterator[None]:
        """Have an execution count as running meanwhile; one that has no end afterwards was left."""
        self._running.add(execution)
        try:
            yield
        finally:
            self._running.discard(execution)

    def begin(self, call: Begun) -> Known | None:
        """Write a call down, unless it is known; return what is known of it, None if it was begun just now.

        What changes something is on the disk when this returns; what only reads, with the operating system.

        Raises:
            StoreError: If it cannot be written; the call must then not run.
        """
        told = {name: value for name, value in vars(call).items() if name not in ("execution", "thread", "begun")}
        row = (call.key, call.execution, call.begun, self._presence.token(), call.thread, json.dumps(told))

        def work(connection: sqlite3.Connection) -> Known | None:
            sql = "INSERT OR IGNORE INTO calls (key, execution, begun, process, thread, told) VALUES (?, ?, ?, ?, ?, ?)"
            if connection.execute(sql, row).rowcount:
                return None
            return _known(connection.execute(f"SELECT {_ROW} FROM calls WHERE key = ?", row[:1]).fetchone())  # noqa: S608

        return self._run(work, durable=call.effect != "read")

    def find(self, key: str) -> Known | None:
        """Return what is known of a call.

        Raises:
            StoreError: If the journal cannot be read.
        """
        sql = f"SELECT {_ROW} FROM calls WHERE key = ?"  # noqa: S608
        return self._run(lambda connection: next(map(_known, connection.execute(sql, (key,))), None))

    def end(self, call: Begun, ended: Ended, outcome: Mapping[str, Any]) -> bool:
        """Write down how a call ended; tell whether that was not known before.

        Raises:
            StoreError: If it cannot be written.
        """
        sql = "UPDATE calls SET ended = ?, outcome = ? WHERE execution = ? AND key = ? AND ended IS NULL"
        row = (ended, json.dumps(outcome), call.execution, call.key)
        return self._run(lambda connection: connection.execute(sql, row).rowcount > 0, durable=call.effect != "read")

    def drop(self, call: Begun) -> bool:
        """Take a call out again, so that it may run; tell whether it was there.

        Raises:
            StoreError: If it cannot be written.
        """
        sql, row = "DELETE FROM calls WHERE execution = ? AND key = ?", (call.execution, call.key)
        return self._run(lambda connection: connection.execute(sql, row).rowcount > 0, durable=True)

    def tell(self, call: Begun) -> None:
        """Note that the audit log has the call; it is written with whatever is written next."""
        with self._held.lock:
            self._told.append(call.execution)

    def left(self) -> list[Known]:
        """Return the calls that nobody runs any more, and that have no end or may not be in the audit.

        Raises:
            StoreError: If the journal cannot be read.
        """
        sql = f"SELECT {_ROW} FROM calls WHERE ended IS NULL OR audited = 0 ORDER BY begun"  # noqa: S608
        self._run(lambda _: None, durable=False)  # so that what was told by now is not taken for left
        known = self._run(lambda connection: [_known(row) for row in connection.execute(sql)])
        return [one for one in known if not self.runs(one)]

    def runs(self, known: Known) -> bool:
        """Tell whether a call that was begun is still running, in this process or another."""
        if self._presence.is_mine(known.process):
            return known.call.execution in self._running
        return self._presence.is_there(known.process)

    def forget(self, *, thread: str | None = None, before: float | None = None) -> None:
        """Drop what tools brought, in a thread or until a moment; that they were called stays.

        Args:
            thread: The conversation.
            before: Seconds since 1970.

        Raises:
            StoreError: If it cannot be written.
        """
        if not self.path.exists():  # nothing was ever called: no file is made for that
            return
        which = "outcome IS NOT NULL AND ended IS NOT NULL AND (thread = ? OR begun < ?)"
        sql = f"UPDATE calls SET outcome = NULL WHERE {which}"  # noqa: S608
        self._run(lambda connection: connection.execute(sql, (thread, before)), durable=True)

    def close(self) -> None:
        """Close the journal; it is opened again when it is needed."""
        if self._held.is_open and self._told:
            self._run(lambda _: None, durable=False)
        with self._held.lock:
            self._held.close()
        self._presence.leave()

    def _run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool | None = None) -> T:
        """Return what `work` makes of the file.

        Args:
            work: Reads, or writes: all of what it writes holds, or nothing.
            durable: Whether that is to be on the disk when this returns; None where it only reads.
        """
        try:
            with self._held.lock:
                connection = self._held.connected()
                if durable is None:
                    return work(connection)
                connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                with transaction(connection):
                    connection.executemany(_AUDITED, [(one,) for one in self._told])
                    found = work(connection)
                self._told.clear()
                return found
        except sqlite3.DatabaseError as error:
            remedy = "move the file away: what ran before is then no longer known" if is_damage(error) else REMEDY
            raise StoreError(self.path, error, remedy) from error

    def _opened(self) -> sqlite3.Connection:
        with alone(self.path):
            return connect(self.path, self._prepare)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise StoreError(self.path, "a newer version of this program wrote it", "use that one")
        if version < _VERSION:
            connection.executescript(_SCHEMA)


def _known(row: tuple[Any, ...]) -> Known:
    execution, begun, process, thread, told, ended, outcome = row
    call = Begun(execution=execution, thread=thread, begun=begun, **json.loads(told))
    return Known(call, process, ended, None if outcome is None else json.loads(outcome))
