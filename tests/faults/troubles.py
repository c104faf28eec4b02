"""What goes wrong inside the process of a day, at the n-th time that it touches its home.

Python tells a hook of each file that is opened, renamed, removed or locked, and of each connection
(https://docs.python.org/3/library/audit_events.html). What SQLite does in between is reached by a delay after such a
moment.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from metahuman.clock import SystemClock

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
COUNTED = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "sqlite3.connect"}
#: These have no path in what they tell.
ELSEWHERE = {"fcntl.flock", "socket.connect"}


class Trouble:
    """Counts what the process does to its home, and has something happen at one moment, and be over some later.

    Args:
        home: The home.
        at: Which moment.
        strike: What happens then.
        length: How many moments later it is over.
        over: What happens then.
    """

    def __init__(
        self, home: Path, at: int, strike: Callable[[], None], length: int = 0, over: Callable[[], None] | None = None
    ) -> None:
        self._home, self._strike, self._over = str(home), strike, over
        self._at, self._until = at, at + length
        self.count, self.struck, self._busy = 0, False, False

    def watch(self) -> None:
        """Begin to count; a hook cannot be taken out again."""
        sys.addaudithook(self._heard)

    def end(self) -> None:
        """Have it over, whatever the count."""
        self._busy = True
        if self.struck and self._over:
            self._over()
            self._over = None

    def _heard(self, event: str, told: tuple[Any, ...]) -> None:
        if self._busy or not self._counts(event, told):
            return
        self.count += 1
        self._busy = True
        if self.count == self._at:
            self.struck = True
            self._strike()
        elif self.struck and self._over and self.count >= self._until:
            self._over()
            self._over = None
        self._busy = False

    def _counts(self, event: str, told: tuple[Any, ...]) -> bool:
        if event in ELSEWHERE:
            return True
        if event == "open":
            return bool(told[2] & WRITES) and os.fsdecode(told[0]).startswith(self._home) if _named(told[0]) else False
        return event in COUNTED and _named(told[0]) and os.fsdecode(told[0]).startswith(self._home)


def _named(path: object) -> bool:
    return isinstance(path, str | bytes | os.PathLike)


def kill(seconds: float) -> None:
    """End this process as a power cut would: now, or in a moment, in whatever it is then."""
    if seconds <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
    signal.setitimer(signal.ITIMER_REAL, seconds)  # its end is a signal that nobody handles: nothing is run before


def fill(bytes_: int) -> None:
    """Let no file grow beyond so many bytes: what is longer is written in part, as on a disk that fills up."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def make_room() -> None:
    """Let files grow again."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def lock_up(folder: Path) -> None:
    """Make a folder, and all in it, read-only."""
    _modes(folder, 0o500, 0o400)


def unlock(folder: Path) -> None:
    """Let its owner write it again."""
    _modes(folder, 0o700, 0o600)


def _modes(folder: Path, of_folders: int, of_files: int) -> None:
    _change(folder, 0o700)
    for place, folders, files in os.walk(folder):
        for name in folders:
            _change(Path(place, name), 0o700)
        for name in files:
            _change(Path(place, name), of_files)
    for place, _, _ in os.walk(folder, topdown=False):
        _change(Path(place), of_folders)


def _change(path: Path, mode: int) -> None:
    with contextlib.suppress(FileNotFoundError):  # another thread took it away meanwhile
        path.chmod(mode)


def obey_permissions() -> None:
    """Give up, for good, what lets root write where nobody may (capabilities(7)); others have it not.

    Raises:
        OSError: If that is refused.
    """
    if os.geteuid():
        return
    libc, head = ctypes.CDLL(None, use_errno=True), (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: 32 bits of each, then the other 32
    if libc.capget(head, sets) == 0:
        for number in (0, 1):
            sets[number] &= ~PERMISSIONS_IGNORED & 0xFFFFFFFF
        if libc.capset(head, sets) == 0:
            return
    raise OSError(ctypes.get_errno(), "this process cannot give up its rights")


#: _LINUX_CAPABILITY_VERSION_3, and CAP_DAC_OVERRIDE with CAP_DAC_READ_SEARCH (linux/capability.h).
CAPABILITY_VERSION, PERMISSIONS_IGNORED = 0x20080522, 0b110


class JumpingClock(SystemClock):
    """The machine's time, until somebody sets it."""

    def __init__(self) -> None:
        self._by = timedelta()

    def jump(self, seconds: float) -> None:
        """Set it so many seconds on, or back."""
        self._by += timedelta(seconds=seconds)

    def now(self) -> datetime:
        """Return the time of day in UTC, as it was set."""
        return super().now() + self._by
