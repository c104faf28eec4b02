"""The ledger's file: private, shared by threads and processes, and no reason to stop when it is damaged."""

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

from metahuman.audit.database import Database
from metahuman.audit.ledger import Ledger, Totals
from metahuman.audit.reader import Reader
from metahuman.state.errors import StoreError
from metahuman.state.services import Spent
from tests.calls import a_call, a_try

DAY = "2026-05-17"
WRITER = """
import sys
from pathlib import Path
from metahuman.audit.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
call = {"role": "persona", "modelId": "m", "provider": "p", "model": "x", "tokens": {"prompt": 1}}
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with contextlib.closing(Ledger(tmp_path / "state" / "usage.sqlite")) as opened:
        yield opened


def totals(ledger: Ledger) -> Totals:
    return Totals(*(sum(values) for values in zip(*(row.totals for row in ledger.rows(DAY, DAY)), strict=True)))


def test_reading_makes_no_file_and_writing_one_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "usage.sqlite"
    with contextlib.closing(Ledger(path)) as ledger:
        assert ledger.rows(DAY, DAY) == []
        assert ledger.spent("ollama", DAY) == Spent(0, 0, 0.0)
        assert list(tmp_path.iterdir()) == []
        ledger.add(DAY, a_call())
        assert path.parent.stat().st_mode & 0o777 == 0o700
        made = [file for file in path.parent.iterdir() if not file.name.endswith(".lock")]
        assert {file.name: file.stat().st_mode & 0o777 for file in made} == dict.fromkeys(
            ("usage.sqlite", "usage.sqlite-wal", "usage.sqlite-shm"), 0o600
        )


def test_it_can_be_closed_and_used_again(ledger: Ledger) -> None:
    for _ in range(2):
        ledger.add(DAY, a_call())
        assert ledger.spent("ollama", DAY)
        ledger.close()
        ledger.close()
    assert totals(ledger).calls == 2


def test_a_deleted_file_is_started_anew(tmp_path: Path, ledger: Ledger) -> None:
    for _ in range(2):
        ledger.add(DAY, a_call())
        assert totals(ledger).calls == 1
        (tmp_path / "state" / "usage.sqlite").unlink()


def test_threads_share_one_ledger(ledger: Ledger) -> None:
    def count(name: int) -> None:
        for _ in range(50):
            ledger.add(DAY, a_call(thread=str(name % 2), failed=[a_try()]))
            assert ledger.spent("ollama", DAY).calls

    threads = [threading.Thread(target=count, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (totals(ledger).calls, totals(ledger).answers) == (600, 300)


@pytest.mark.parametrize("renew", ["ledger = Ledger(Path(sys.argv[1]))", "pass"], ids=["own file", "inherited file"])
def test_processes_share_one_file(tmp_path: Path, renew: str) -> None:
    """The first of them to count makes the table; with a file inherited by a fork, SQLite would lose rows."""
    body = f"""
import os
{"pass" if "Ledger" in renew else "ledger.add('2026-05-16', call)"}
for name in range(4):
    if os.fork() == 0:
        {renew}
        for number in range(40):
            ledger.add("{DAY}", call | {{"thread": str(number % 3)}})
        os._exit(0)
for _ in range(4):
    assert os.wait()[1] == 0
"""
    done = subprocess.run([sys.executable, "-c", WRITER + body, str(tmp_path / "u.sqlite")], check=True, text=True)
    assert done.returncode == 0
    with contextlib.closing(Ledger(tmp_path / "u.sqlite")) as ledger:
        assert totals(ledger).calls == 160


def spoil(path: Path, how: str) -> None:
    data = path.read_bytes()
    # The first page holds the table's description, the second the rows.
    spoilt = {"no database": b"not a database" * 500, "cut": data[:4096], "rows": data[:4096] + b"\xff" * 4096}
    path.write_bytes(spoilt[how])


@pytest.mark.parametrize("how", ["no database", "cut", "rows"])
@pytest.mark.parametrize("work", ["add", "spent", "rows", "rebuild"])
def test_a_damaged_file_is_moved_aside_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str, work: str
) -> None:
    path = tmp_path / "usage.sqlite"
    with contextlib.closing(Ledger(path)) as ledger:
        ledger.add(DAY, a_call())
    spoil(path, how)
    with contextlib.closing(Ledger(path)) as ledger:
        {
            "add": lambda: ledger.add(DAY, a_call()),
            "spent": lambda: ledger.spent("ollama", DAY),
            "rows": lambda: ledger.rows(DAY, DAY),
            "rebuild": lambda: ledger.rebuild(Reader(tmp_path / "audit")),
        }[work]()
        ledger.add(DAY, a_call())
        assert totals(ledger).calls == (2 if work == "add" else 1)
    assert (tmp_path / "usage.damaged.sqlite").exists()
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "`metahuman usage --rebuild`" in record.getMessage()


def test_many_who_find_the_damage_move_it_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "usage.sqlite"
    path.write_bytes(b"not a database" * 500)
    ledgers = [Ledger(path) for _ in range(8)]
    threads = [threading.Thread(target=ledger.add, args=(DAY, a_call())) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals(ledgers[0]).calls == len(ledgers)
    for ledger in ledgers:
        ledger.close()
    assert len(caplog.records) == 1


def test_a_newer_ledger_is_left_alone(tmp_path: Path, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    ledger.add(DAY, a_call())
    ledger.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "usage.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="a newer version of this program wrote it; use that one, or move the file"):
        ledger.rows(DAY, DAY)
    for _ in range(2):
        ledger.add(DAY, a_call())
        assert ledger.spent("ollama", DAY) == Spent(0, 0, 0.0)
    [record] = caplog.records
    assert "--rebuild" in record.getMessage()


def test_a_place_that_cannot_be_written_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("")
    with contextlib.closing(Ledger(tmp_path / "state" / "usage.sqlite")) as ledger:
        for _ in range(2):
            ledger.add(DAY, a_call())
        assert ledger.spent("ollama", DAY) == Spent(0, 0, 0.0)
    assert len(caplog.records) == 1


def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    migrations = ["CREATE TABLE kept (n INTEGER)", "ALTER TABLE kept ADD COLUMN more INTEGER DEFAULT 7"]
    for known, row in ((1, (1,)), (2, (1, 7)), (2, (1, 7))):
        database = Database(tmp_path / "any.sqlite", migrations[:known], "none")
        if known == 1:
            database.run(lambda connection: connection.execute("INSERT INTO kept VALUES (1)"))
        assert database.run(lambda connection: connection.execute("SELECT * FROM kept").fetchall()) == [row]
        database.close()
