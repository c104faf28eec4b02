"""What every SQLite file of a home has in common: private, shared by threads and processes, reopened when replaced."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from metahuman.state.files import make_folder, private_lock, store_errors

#: How long one waits for another process that is writing.
BUSY_SECONDS = 10.0
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Held:
    """A connection to a file, for any number of threads in turn.

    It is opened when it is first needed, and anew when the file has been deleted or replaced, or the process is a fork
    of the one that opened it.

    Args:
        path: The file.
        opened: Opens it.

    Attributes:
        lock: Whoever uses the connection has it.
    """

    def __init__(self, path: Path, opened: Callable[[], sqlite3.Connection]) -> None:
        self.lock = threading.RLock()
        self._path, self._opened = path, opened
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0, 0)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, be it to a file that is no more."""
        return self._connection is not None

    def connected(self) -> sqlite3.Connection:
        """Return the connection."""
        if self._connection is None or self._file != _identity(self._path):
            self.close()
            self._connection = self._opened()
            self._file = _identity(self._path)
        return self._connection

    def close(self) -> None:
        """Close it; it is opened again when it is needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def make_private(path: Path) -> None:
    """Make an empty database for the owner's eyes only, unless there is one; its side files take over its permissions.

    One that is there is not opened: closing it would end every lock that this process has on it, and another process,
    taking itself for the last, would delete the log that this one writes
    (https://www.sqlite.org/howtocorrupt.html, 2.2).

    Raises:
        OSError: If it cannot be made.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def connect(path: Path, prepare: Callable[[sqlite3.Connection], object]) -> sqlite3.Connection:
    """Open a file, created for the owner's eyes only, without transactions of Python's own.

    Args:
        path: The file; its folder is there.
        prepare: Makes the connection ready; if that fails, it is closed.
    """
    make_private(path)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other processes from preparing or moving a file meanwhile; its folder is made.

    Two that turn the same new file into one with a log beside it get in each other's way.
    """
    make_folder(path.parent)
    with store_errors(path), private_lock(path.with_name(f".{path.name}.lock")):
        yield


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Make all statements of the block hold, or none."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # after some errors SQLite has ended it by itself
            connection.execute("ROLLBACK")
        raise


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether an error says that the file is no sound database."""
    # Extended codes tell more in their higher bits; errors of the Python module itself have none.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def is_sound(path: Path) -> bool:
    """Tell whether a file is a sound database, as far as SQLite finds out in one look."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError as error:
        return not is_damage(error)


def _identity(path: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - twice as fast as Path.stat, before every use
    except FileNotFoundError:
        return 0, 0, 0
    return os.getpid(), found.st_dev, found.st_ino
