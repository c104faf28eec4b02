"""The SQLite file of an index: private, shared by threads and processes, and made anew when it cannot be used."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from metahuman.state.errors import StoreError
from metahuman.state.files import REMEDY, store_errors
from metahuman.state.sqlite import Held, alone, connect, is_damage, is_sound, transaction

T = TypeVar("T")
#: Says in the file's head that it is ours: "MHix".
APPLICATION = 0x4D486978
#: Why a file makes room for a new one; the first two are in the name that it is kept under.
DAMAGED, FOREIGN, OTHER_VERSION = "damaged", "foreign", "outdated"
#: How Python begins to tell of a text that is no UTF-8; to SQLite, the file around it is sound.
GARBLED = "Could not decode to UTF-8"
_TOLD = {DAMAGED: "damaged", FOREIGN: "another program's", OTHER_VERSION: "of another version"}
_SIDES = ("", "-wal", "-shm")
_LOG = logging.getLogger(__name__)


class SqliteFile:
    """One connection to read and one to write, each for any number of threads in turn.

    They are opened when first needed, and anew when the file was deleted or replaced, or the process is a fork. What
    the file holds can be made anew: one that is damaged or another program's is moved aside, one of another version
    of this program is started over.

    Args:
        path: The file; created for the owner's eyes only.
        schema: The statements that make its tables.
        version: Which version of the tables they make.
        remedy: What follows, for the owner, from an empty file.
    """

    def __init__(self, path: Path, schema: str, version: int, remedy: str) -> None:
        self.path = path
        self._schema, self._version, self._remedy = schema, version, remedy
        self._reading, self._writing = Held(path, self._opened), Held(path, self._opened)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` makes of the file as it stands at one moment.

        Raises:
            StoreError: If the file cannot be used.
        """
        return self._run(self._reading, "BEGIN", work)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` makes of the file; all of what it changes holds, or nothing.

        Raises:
            StoreError: If the file cannot be used.
        """
        return self._run(self._writing, "BEGIN IMMEDIATE", work)

    def bare(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """As `write`, for what no transaction can hold.

        Raises:
            StoreError: If the file cannot be used.
        """
        return self._run(self._writing, "", work)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        for one in (self._reading, self._writing):
            with one.lock:
                one.close()

    def remove(self) -> None:
        """Delete the file, with what SQLite keeps beside it."""
        self.close()
        _unlink(self.path)

    def drop_damaged(self) -> None:
        """Delete what was moved aside as damaged: it holds words that have to go."""
        _unlink(self.path.with_name(f"{self.path.stem}.{DAMAGED}{self.path.suffix}"))

    def _run(self, held: Held, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with held.lock:
                try:
                    return _transacted(held.connected(), begin, work)
                except sqlite3.DatabaseError as error:
                    garbled = str(error).startswith(GARBLED)
                    if not (garbled or is_damage(error)):
                        raise
                    held.close()
                    self._replace_damaged(garbled=garbled)
                    return _transacted(held.connected(), begin, work)
        except sqlite3.Error as error:
            raise StoreError(self.path, error, REMEDY) from error

    def _opened(self) -> sqlite3.Connection:
        with alone(self.path):
            connection = connect(self.path, _set_up)
            if why := self._unfit(connection):
                connection.close()
                self._move_aside(why)
                connection = connect(self.path, _set_up)
            self._make_tables(connection)
        return connection

    def _unfit(self, connection: sqlite3.Connection) -> str:
        """Return why what the file holds is of no use; "" if it is, or if it holds nothing."""
        if _marks(connection) == (APPLICATION, self._version) or not _tables(connection):
            return ""
        return OTHER_VERSION if _marks(connection)[0] == APPLICATION else FOREIGN

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        if not _tables(connection):
            marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {self._version};"
            connection.executescript(f"BEGIN IMMEDIATE; {self._schema}; {marks} COMMIT;")

    def _replace_damaged(self, *, garbled: bool) -> None:
        with alone(self.path):
            if garbled or not is_sound(self.path):  # else another process was here first
                self._move_aside(DAMAGED)

    def _move_aside(self, why: str) -> None:
        """Make room for a new file; what another version of ours holds, the new one will hold too."""
        aside = self.path.with_name(f"{self.path.stem}.{why}{self.path.suffix}")
        # With its side files, or SQLite would read them into the file that comes after it.
        for place, target in zip(_with_sides(self.path), _with_sides(aside), strict=True):
            if place.exists():
                place.unlink() if why == OTHER_VERSION else place.replace(target)
        told = "was removed" if why == OTHER_VERSION else f"is now {aside.name}"
        _LOG.warning("%s was %s and %s; %s", self.path, _TOLD[why], told, self._remedy)


def _set_up(connection: sqlite3.Connection) -> None:
    # A transaction is with the operating system once it has ended; a power cut may undo the last ones, and the files
    # that they tell of are the truth. What is deleted is overwritten.
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON", "cache_size = -32768"):
        connection.execute(f"PRAGMA {pragma}")


def _transacted(connection: sqlite3.Connection, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
    with transaction(connection, begin) if begin else contextlib.nullcontext():
        return work(connection)


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return what the head of the file says: whose it is, and of which version."""
    program, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    return int(program), int(version)


def _tables(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()[0])


def _unlink(path: Path) -> None:
    with store_errors(path):
        for place in _with_sides(path):
            place.unlink(missing_ok=True)


def _with_sides(path: Path) -> list[Path]:
    return [path.with_name(path.name + side) for side in _SIDES]
