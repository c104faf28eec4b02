"""Whether a person's turn is under way, in whatever process of the home, and when the last one ended.

A turn holds a lock on a file of its process's own, which the operating system releases when the process dies. Whoever
looks clears away the files that nobody holds, so that a look is mostly one into an empty folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from metahuman.home import Home
from metahuman.state.errors import StoreError
from metahuman.state.files import make_folder, store_errors

MARK = ".turn"


class PersonTurns:
    """The turns of a home's person, as every process of the home sees them.

    Args:
        home: The home.
    """

    def __init__(self, home: Home) -> None:
        self._folder = home.root / "state" / "turns"
        self._last, self._mark = self._folder / "last", self._folder / f"{uuid.uuid4().hex}{MARK}"
        self._lock, self._held, self._file = threading.Lock(), 0, -1

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Let others see that a turn is under way while the block runs. No turn fails because it cannot be seen."""
        with self._lock:
            self._held += 1
            if self._held == 1:
                self._begin()
        try:
            yield
        finally:
            with self._lock:
                self._held -= 1
                if not self._held:
                    self._end()

    def under_way(self) -> bool:
        """Tell whether a turn is under way. Where that cannot be seen, none is."""
        try:
            return any([_is_held(mark) for mark in self._folder.iterdir() if mark.suffix == MARK])  # noqa: C419 - all
        except OSError:
            return False

    def last(self) -> datetime | None:
        """Return when the last turn ended, in UTC; None if there was none yet."""
        try:
            return datetime.fromtimestamp(self._last.stat().st_mtime, UTC)
        except OSError:
            return None

    def close(self) -> None:
        """Leave nothing behind; a later turn begins anew."""
        with self._lock, contextlib.suppress(OSError):
            if not self._held:
                self._mark.unlink(missing_ok=True)

    def _begin(self) -> None:
        with contextlib.suppress(StoreError), store_errors(self._mark):
            try:
                self._file = _held(self._mark)
            except FileNotFoundError:
                make_folder(self._folder)
                self._file = _held(self._mark)

    def _end(self) -> None:
        if self._file < 0:
            return
        fcntl.flock(self._file, fcntl.LOCK_UN)  # by name: a fork of this process may have the file open as well
        os.close(self._file)
        self._file = -1
        with contextlib.suppress(OSError):
            self._last.touch(0o600)


def _held(mark: Path) -> int:
    """Return an open file of that name, locked."""
    while True:
        file = os.open(mark, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)  # nobody else keeps it for longer than a look takes
        if os.fstat(file).st_nlink:
            return file
        os.close(file)  # whoever looked just now has cleared it away


def _is_held(mark: Path) -> bool:
    """Tell whether a process holds a file; one that nobody holds is cleared away."""
    try:
        file = os.open(mark, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # two that look at once are not in each other's way
        if os.fstat(file).st_nlink:  # else that name may be another file's by now
            mark.unlink(missing_ok=True)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
