"""A SQLite file that several connections, and several processes, have open."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

from metahuman.state.sqlite import connect

ELSEWHERE = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('INSERT INTO t VALUES (1)'); c.commit()"


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS t (x)")


def test_a_second_connection_does_not_take_the_first_ones_locks_away(tmp_path: Path) -> None:
    """Else another process takes itself for the last, and deletes the log that this one goes on writing."""
    path = tmp_path / "a.sqlite"
    first, second = connect(path, _begin), connect(path, _begin)
    subprocess.run([sys.executable, "-S", "-c", ELSEWHERE, str(path)], check=True)
    log = path.with_name("a.sqlite-wal")
    assert log.exists()
    first.execute("INSERT INTO t VALUES (2)")
    second.close()
    assert first.execute("SELECT COUNT(*) FROM t").fetchone() == (2,)
    first.close()


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    connect(tmp_path / "a.sqlite", _begin).close()
    assert (tmp_path / "a.sqlite").stat().st_mode & 0o777 == 0o600
