"""Whether programs are at work in a home: what they hold is released when they die."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from filelock import Timeout

from metahuman.agents.person import PersonTurns
from metahuman.home import Home
from metahuman.state.errors import BadChoice
from metahuman.state.files import private_lock, store_errors


def see_that_nobody_works(root: Path) -> None:
    """See that no program is at work in a home: it would go on writing into the one that was taken away.

    Raises:
        BadChoice: If one is.
        StoreError: If that cannot be told.
    """
    home = Home(root)
    databases = [path for path in (root / "state").glob("*.sqlite") if _is_open(path)]
    held = [path for path in home.locks.glob("*.lock") if is_held(path)]
    if databases or held or PersonTurns(home).under_way():
        raise BadChoice(f"{root}: a program is at work in it; end `metahuman serve`, chats and others first")


def is_held(lock: Path) -> bool:
    """Tell whether a process holds a lock.

    Raises:
        StoreError: If it cannot be opened.
    """
    with store_errors(lock):
        try:
            private_lock(lock, timeout=0).acquire().lock.release()
        except Timeout:
            return True
    return False


def _is_open(path: Path) -> bool:
    """Tell whether another process has a database open: it then cannot be had alone."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    except sqlite3.DatabaseError:  # it is none
        return False
    return False
