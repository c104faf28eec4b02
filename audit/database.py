"""A SQLite file that can be made anew from other files, so that damage to it is no reason to stop."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from metahuman.state.errors import StoreError
from metahuman.state.files import make_folder, store_errors

T = TypeVar("T")
#: How long one waits for another process that is writing.
BUSY_SECONDS = 10.0
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_LOG = logging.getLogger(__name__)


class Database:
    """One connection to a SQLite file, for any number of threads in turn.

    It is opened when it is first needed, and anew when the file has been deleted or replaced, or the process is a
    fork of the one that opened it. A file that is damaged is moved aside and started anew.

    Args:
        path: The file; created for the owner's eyes only.
        migrations: A statement for each version of the tables, oldest first. Only ever append to them.
        remedy: What the owner can do about a file that was damaged.
    """

    def __init__(self, path: Path, migrations: Sequence[str], remedy: str) -> None:
        self.path, self._migrations, self._remedy = path, migrations, remedy
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0, 0)

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` makes of the connection; after damage it starts over, on an empty file.

        Raises:
            StoreError: If the file cannot be used.
        """
        try:
            with self._lock:
                try:
                    return work(self._connected())
                except sqlite3.DatabaseError as error:
                    if not _is_damage(error):
                        raise
                    self._close()
                    self._move_aside()
                    return work(self._connected())
        except sqlite3.Error as error:
            raise StoreError(
                self.path, str(error), "check that the file can be written and that the disk has room"
            ) from error

    def close(self) -> None:
        """Close the file; a later `run` opens it again."""
        with self._lock:
            self._close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None or self._file != _identity(self.path):
            self._close()
            self._connection = self._opened()
            self._file = _identity(self.path)
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        make_folder(self.path.parent)
        with self._alone():
            # Made here and not by SQLite, whose files anyone may read; its side files take over these permissions.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                # Each transaction is with the operating system once it has ended; only a power cut can undo the last.
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                self._migrate(connection)
            except BaseException:
                connection.close()
                raise
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._migrations):
            raise StoreError(
                self.path, "a newer version of this program wrote it", "use that one, or move the file away"
            )
        for number, statement in enumerate(self._migrations[version:], start=version + 1):
            with transaction(connection):
                connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")

    def _move_aside(self) -> None:
        with self._alone():
            if _is_sound(self.path):  # another process was here first
                return
            aside = self.path.with_name(f"{self.path.stem}.damaged{self.path.suffix}")
            # With its side files, or SQLite would read them into the file that comes after it.
            for end in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    self.path.with_name(self.path.name + end).replace(aside.with_name(aside.name + end))
        _LOG.warning("%s was damaged and is now %s; %s", self.path, aside.name, self._remedy)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from opening or moving the file meanwhile."""
        with store_errors(self.path), FileLock(self.path.with_name(f".{self.path.name}.lock")):
            yield

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Make all statements of the block hold, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # after some errors SQLite has ended it by itself
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _identity(path: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - twice as fast as Path.stat, before every event
    except FileNotFoundError:
        return 0, 0, 0
    return os.getpid(), found.st_dev, found.st_ino


def _is_damage(error: sqlite3.Error) -> bool:
    # Extended codes tell more in their higher bits; errors of the Python module itself have none.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def _is_sound(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError as error:
        return not _is_damage(error)
