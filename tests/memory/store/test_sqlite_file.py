"""The index's file: private, shared by threads and processes, and made anew when it is of no use."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from metahuman.memory.store.sqlite_file import SqliteFile
from metahuman.state.errors import StoreError

SCHEMA = "CREATE TABLE kept (word TEXT)"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    opened = SqliteFile(tmp_path / "state" / "memory.sqlite", SCHEMA, 1, "it is made anew")
    yield opened
    opened.close()


def add(file: SqliteFile, word: str = "rain") -> None:
    file.write(lambda connection: connection.execute("INSERT INTO kept VALUES (?)", [word]))


def words(file: SqliteFile) -> list[str]:
    return [word for (word,) in file.read(lambda connection: connection.execute("SELECT word FROM kept").fetchall())]


def test_it_is_for_its_owner_alone(file: SqliteFile) -> None:
    add(file)
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in file.path.parent.glob("memory*")} == {0o600}


def test_it_can_be_closed_and_used_again(file: SqliteFile) -> None:
    for _ in range(2):
        add(file)
        file.close()
        file.close()
    assert words(file) == ["rain", "rain"]


def test_what_fails_half_way_leaves_nothing(file: SqliteFile) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO kept VALUES ('half')")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        file.write(fail)
    assert words(file) == []
    with pytest.raises(StoreError, match=r"memory\.sqlite: no such table: nowhere; check that"):
        file.read(lambda connection: connection.execute("SELECT * FROM nowhere"))


def test_a_deleted_file_is_started_anew(file: SqliteFile) -> None:
    for _ in range(2):
        add(file)
        assert words(file) == ["rain"]
        file.remove()


def test_threads_share_it(file: SqliteFile) -> None:
    def work() -> None:
        for _ in range(40):
            add(file)
            assert words(file)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(words(file)) == 240


def test_forks_share_it(file: SqliteFile) -> None:
    """The first of them makes the tables; with connections inherited by a fork, SQLite would lose rows."""
    code = f"""
import os, sys
from pathlib import Path
from metahuman.memory.store.sqlite_file import SqliteFile
file = SqliteFile(Path(sys.argv[1]), {SCHEMA!r}, 1, "")
add = lambda: file.write(lambda connection: connection.execute("INSERT INTO kept VALUES ('rain')"))
add()
for _ in range(4):
    if os.fork() == 0:
        for _ in range(25):
            add()
        os._exit(0)
for _ in range(4):
    assert os.wait()[1] == 0
"""
    subprocess.run([sys.executable, "-c", code, str(file.path)], check=True)
    assert len(words(file)) == 101


def test_a_text_that_is_no_utf_8_is_damage(file: SqliteFile, caplog: pytest.LogCaptureFixture) -> None:
    file.write(lambda connection: connection.execute("INSERT INTO kept VALUES (CAST(x'72c3' AS TEXT))"))
    assert words(file) == []
    assert "was damaged and is now memory.damaged.sqlite" in caplog.text
    add(file)
    assert words(file) == ["rain"]


@pytest.mark.parametrize("how", ["no database", "cut", "rows"])
def test_a_damaged_file_is_moved_aside_and_said_so_once(
    file: SqliteFile, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    add(file)
    file.close()
    data = file.path.read_bytes()
    spoilt = {"no database": b"not a database" * 500, "cut": data[:4096], "rows": data[:4096] + b"\xff" * 4096}
    file.path.write_bytes(spoilt[how])
    assert words(file) == []
    add(file, "sun")
    assert words(file) == ["sun"]
    assert file.path.with_name("memory.damaged.sqlite").exists()
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().endswith("was damaged and is now memory.damaged.sqlite; it is made anew")
    file.drop_damaged()
    assert not file.path.with_name("memory.damaged.sqlite").exists()


def test_another_programs_file_is_moved_aside_whole(file: SqliteFile, caplog: pytest.LogCaptureFixture) -> None:
    file.path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(file.path)) as other:
        other.executescript("CREATE TABLE theirs (n); INSERT INTO theirs VALUES (7);")
    assert words(file) == []
    with contextlib.closing(sqlite3.connect(file.path.with_name("memory.foreign.sqlite"))) as other:
        assert other.execute("SELECT n FROM theirs").fetchall() == [(7,)]
    assert "was another program's and is now memory.foreign.sqlite" in caplog.text


@pytest.mark.parametrize("version", [0, 2])
def test_a_file_of_another_version_is_started_over(
    file: SqliteFile, caplog: pytest.LogCaptureFixture, version: int
) -> None:
    add(file)
    file.close()
    newer = SqliteFile(file.path, SCHEMA, version, "it is made anew")
    assert words(newer) == []
    newer.close()
    assert [path.name for path in file.path.parent.glob("memory*")] == ["memory.sqlite"]
    assert "was of another version and was removed" in caplog.text


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match="check that the folder can be written"):
        words(SqliteFile(tmp_path / "state" / "memory.sqlite", SCHEMA, 1, ""))
