"""A SQLite file that can be made anew from other files, so that damage to it is no reason to stop."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from metahuman.state.errors import StoreError
from metahuman.state.sqlite import Held, alone, connect, is_damage, is_sound, transaction

T = TypeVar("T")
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
        self._held = Held(path, self._opened)

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` makes of the connection; after damage it starts over, on an empty file.

        Raises:
            StoreError: If the file cannot be used.
        """
        try:
            with self._held.lock:
                try:
                    return work(self._held.connected())
                except sqlite3.DatabaseError as error:
                    if not is_damage(error):
                        raise
                    self._held.close()
                    self._move_aside()
                    return work(self._held.connected())
        except sqlite3.Error as error:
            raise StoreError(
                self.path, str(error), "check that the file can be written and that the disk has room"
            ) from error

    def close(self) -> None:
        """Close the file; a later `run` opens it again."""
        with self._held.lock:
            self._held.close()

    def _opened(self) -> sqlite3.Connection:
        with alone(self.path):
            return connect(self.path, self._prepare)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Each transaction is with the operating system once it has ended; only a power cut can undo the last.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        self._migrate(connection)

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
        with alone(self.path):
            if is_sound(self.path):  # another process was here first
                return
            aside = self.path.with_name(f"{self.path.stem}.damaged{self.path.suffix}")
            # With its side files, or SQLite would read them into the file that comes after it.
            for end in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    self.path.with_name(self.path.name + end).replace(aside.with_name(aside.name + end))
        _LOG.warning("%s was damaged and is now %s; %s", self.path, aside.name, self._remedy)
