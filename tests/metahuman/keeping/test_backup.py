"""Tests of backups as their owner has them: a home that is talked with, kept, and made anew elsewhere."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from metahuman.audit.log import AuditLog
from metahuman.cli.backup import PARTS
from metahuman.clock import SystemClock
from metahuman.home import Home
from metahuman.keeping import contents
from metahuman.keeping.manifest import NAME
from metahuman.keeping.writing import back_up
from metahuman.state.errors import AnswerFirst, BadChoice, SettingError, StoreError
from metahuman.state.keeping_events import home_backed_up
from metahuman.usage import collect as used
from tests.backups import restored, small_home
from tests.homes import TALK, in_process, scripted
from tests.talk import note, to, use

WORK = to(("operator", "see to the notes"))


def names(archive: Path) -> set[str]:
    with zipfile.ZipFile(archive) as packed:
        return set(packed.namelist()) - {NAME}


def test_a_restored_home_goes_on_where_the_old_one_was(tmp_path: Path) -> None:
    old, new, kept = tmp_path / "old", tmp_path / "new", tmp_path / "kept.zip"
    wanted = use("fs_write", path="notes.txt", content="bread\n")
    with scripted(old, orchestrator=[TALK, WORK, wanted], persona=["good morning"]) as twin:
        twin.chat("hello")
        twin.chat("note bread", thread="notes")
        back_up(Home(old), kept)  # while it runs
        memories, history = twin.memories(), [message.text for message in twin.history()]
    restored(kept, new)
    with scripted(new, orchestrator=[note("ok"), TALK], persona=["noted", "still here"]) as twin:
        assert twin.memories() == memories
        assert [message.text for message in twin.history()] == history == ["hello", "good morning"]
        assert [ask["call"]["tool"] for ask in twin.asks()] == ["fs_write"]
        with pytest.raises(AnswerFirst):
            twin.chat("and now?", thread="notes")
        assert twin.answer(approved=True, thread="notes").text == "noted"
        assert (new / "files" / "notes.txt").read_text() == "bread\n"
        assert twin.chat("are you there?").text == "still here"
        assert len(twin.history()) == 4
    assert not (old / "files" / "notes.txt").exists()
    total = used(Home(new), ("role",), None, None).total
    assert total.calls == used(Home(old), ("role",), None, None).total.calls + 4


def test_what_is_kept_and_what_is_not(tmp_path: Path) -> None:
    home, kept = tmp_path / "home", tmp_path / "kept.zip"
    with scripted(home, orchestrator=[TALK], persona=["good morning"]) as twin:
        twin.chat("hello")
    (home / "state" / "server-token").write_text("a token of forty letters, and then some more")
    (home / "node_modules").mkdir()
    (home / "logs" / "other.log").write_text("of another program")
    (home / "files").mkdir()
    (home / "files" / "draft.lock").write_text("the owner's own, whatever it is called")
    (home / "files" / "away").symlink_to(tmp_path)
    (home / "memory" / "episodic" / ".half.tmp").write_text("{")
    manifest = back_up(Home(home), kept)
    assert kept.stat().st_mode & 0o777 == 0o600
    there = names(kept)
    assert there == set(manifest.files)
    assert {"state/checkpoints.sqlite", "state/usage.sqlite", "files/draft.lock", "etc/models.json"} <= there
    assert any(place.startswith("memory/episodic/") for place in there)
    assert any(place.startswith("logs/audit/") for place in there)
    assert not {place for place in there if place.endswith((".tmp", "-wal", "-shm"))}
    left = manifest.left_out
    assert {"state/memory.sqlite", "state/server-token", "node_modules", "logs/other.log", "files/away"} <= left.keys()
    assert "a token" in left["state/server-token"]
    assert not there & left.keys()
    assert b"forty letters" not in kept.read_bytes()
    assert not [*(home / "state").glob(".backup-*")]


def test_parts_are_left_out_by_name(tmp_path: Path) -> None:
    manifest = back_up(small_home(tmp_path / "home"), tmp_path / "kept.zip", without=["files", "audit"])
    assert set(manifest.files) == {"etc/memory.json", "memory/episodic/2026/a.json"}
    assert manifest.left_out == {"files": "--without files"}
    assert tuple(contents.PARTS) == PARTS


def test_files_are_as_private_as_a_home_is_and_keep_their_times(tmp_path: Path) -> None:
    home = small_home(tmp_path / "home")
    (home.root / "files" / "x").chmod(0o755)
    os.utime(home.root / "files" / "x", (1_700_000_000, 1_700_000_000))
    back_up(home, tmp_path / "kept.zip")
    new = restored(tmp_path / "kept.zip", tmp_path / "deep" / "new").home
    assert (new / "files" / "x").stat().st_mode & 0o777 == 0o700
    assert (new / "files" / "x").stat().st_mtime == 1_700_000_000
    modes = {path.stat().st_mode & 0o777 for path in new.rglob("*") if path.is_file() and path.name != "x"}
    assert modes == {0o600}
    assert {path.stat().st_mode & 0o777 for path in [new, *new.rglob("*")] if path.is_dir()} == {0o700}


def test_links_are_followed_where_the_program_s_own_files_are(tmp_path: Path) -> None:
    home = small_home(tmp_path / "home")
    (tmp_path / "elsewhere" / "2025").mkdir(parents=True)
    (tmp_path / "elsewhere" / "2025" / "b.json").write_text("{}")
    (tmp_path / "elsewhere" / "2025" / "round").symlink_to(tmp_path / "elsewhere")
    (home.root / "memory" / "episodic" / "2025").symlink_to(tmp_path / "elsewhere" / "2025")
    manifest = back_up(home, tmp_path / "kept.zip")
    assert "memory/episodic/2025/b.json" in manifest.files
    assert "circle" in manifest.left_out["memory/episodic/2025/round/2025"]


def test_a_damaged_database_is_kept_as_it_is_and_named(tmp_path: Path) -> None:
    home = small_home(tmp_path / "home")
    (home.root / "state").mkdir()
    (home.root / "state" / "usage.sqlite").write_bytes(b"this is no database, but it is all there is")
    manifest = back_up(home, tmp_path / "kept.zip")
    assert manifest.damaged == ("state/usage.sqlite",)
    new = restored(tmp_path / "kept.zip", tmp_path / "new").home
    assert (new / "state" / "usage.sqlite").read_bytes().startswith(b"this is no database")


def test_what_a_crash_left_in_a_log_beside_a_database_is_in_it(tmp_path: Path) -> None:
    home = small_home(tmp_path / "home")
    (home.root / "state").mkdir()
    path = home.root / "state" / "actions.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE one (n)")
        database.execute("INSERT INTO one VALUES (42)")
        back_up(home, tmp_path / "kept.zip")  # the row is in the log only
    new = restored(tmp_path / "kept.zip", tmp_path / "new").home
    with closing(sqlite3.connect(new / "state" / "actions.sqlite")) as database:
        assert database.execute("SELECT n FROM one").fetchall() == [(42,)]


def test_a_backup_is_not_written_where_it_would_be_lost_or_would_replace_something(tmp_path: Path) -> None:
    home, there = small_home(tmp_path / "home"), tmp_path / "there"
    there.write_text("mine")
    for target, word in ((home.root / "files" / "kept.zip", "lies in the home"), (there, "--overwrite")):
        with pytest.raises(BadChoice, match=word):
            back_up(home, target)
    with pytest.raises(BadChoice, match="no home"):
        back_up(Home(tmp_path / "nowhere"), tmp_path / "kept.zip")
    assert there.read_text() == "mine"
    assert back_up(home, there, overwrite=True).files
    assert zipfile.is_zipfile(there)


def test_a_home_that_is_there_is_moved_aside_not_mixed(tmp_path: Path) -> None:
    home = small_home(tmp_path / "home")
    back_up(home, tmp_path / "kept.zip")
    (home.root / "files" / "later").write_text("written since")
    done = restored(tmp_path / "kept.zip", home.root)
    assert done.before is not None
    assert (done.before / "files" / "later").read_text() == "written since"
    assert not (home.root / "files" / "later").exists()
    assert (home.root / "files" / "x").read_text() == "x"
    assert {path.name for path in tmp_path.iterdir()} == {"home", "kept.zip", done.before.name}


def test_what_is_no_home_is_not_moved_aside(tmp_path: Path) -> None:
    back_up(small_home(tmp_path / "home"), tmp_path / "kept.zip")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "letter.txt").write_text("mine")
    for target in (tmp_path / "documents", tmp_path / "kept.zip"):
        with pytest.raises(BadChoice, match="--into"):
            restored(tmp_path / "kept.zip", target)
    assert (tmp_path / "documents" / "letter.txt").read_text() == "mine"


def test_nothing_is_put_under_a_program_that_is_at_work(tmp_path: Path) -> None:
    home, kept = tmp_path / "home", tmp_path / "kept.zip"
    with scripted(home, orchestrator=[TALK], persona=["good morning"]) as twin:
        twin.chat("hello")
        back_up(Home(home), kept)
        with pytest.raises(BadChoice, match="at work"):
            restored(kept, home)
    assert restored(kept, home).before


def test_the_chain_of_the_audit_holds_though_events_are_written_meanwhile(tmp_path: Path) -> None:
    home, stop = small_home(tmp_path / "home"), threading.Event()
    log = AuditLog(home.audit, SystemClock())

    def write() -> None:
        while not stop.is_set():
            log.record(home_backed_up("/somewhere", 1, 1, sealed=False))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            back_up(home, tmp_path / f"{number}.zip")
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        new = restored(tmp_path / f"{number}.zip", tmp_path / f"new-{number}").home
        verified = in_process(new, "audit", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr


def test_what_is_restored_is_told_in_its_audit(tmp_path: Path) -> None:
    back_up(small_home(tmp_path / "home"), tmp_path / "kept.zip")
    new = restored(tmp_path / "kept.zip", tmp_path / "new").home
    (day,) = (new / "logs" / "audit").iterdir()
    told = json.loads(day.read_text())
    assert (told["event"], told["details"]["files"]) == ("home_restored", 3)


class TestCommands:
    """The two commands."""

    def test_there_and_back(self, tmp_path: Path) -> None:
        home, kept = small_home(tmp_path / "home").root, tmp_path / "kept.zip"
        done = in_process(home, "backup", str(kept))
        assert done.returncode == 0, done.stderr
        assert "3 files" in done.stdout
        assert "not sealed" in done.stdout
        assert "nothing was written" in in_process(home, "restore", str(kept), "--dry-run").stdout
        refused = in_process(home, "restore", str(kept))
        assert refused.returncode == 1
        assert "was left as it is" in refused.stderr
        asked = in_process(home, "restore", str(kept), typed="y\n")
        assert asked.returncode == 0, asked.stderr
        told = json.loads(in_process(home, "restore", str(kept), "--into", str(tmp_path / "b"), "--json").stdout)
        assert (told["home"], told["before"], told["files"]) == (str(tmp_path / "b"), None, 3)

    def test_a_name_is_made_up_in_a_folder(self, tmp_path: Path) -> None:
        home = small_home(tmp_path / "home").root
        told = json.loads(in_process(home, "backup", str(tmp_path), "--json", "--without", "files").stdout)
        assert Path(told["file"]).parent == tmp_path
        assert told["leftOut"] == {"files": "--without files"}

    def test_a_key_in_the_settings_is_named_but_not_told(self, tmp_path: Path) -> None:
        home = small_home(tmp_path / "home").root
        key, safe = "planted-key-4242", "${OPENAI_API_KEY}"
        said = {"providers": {"openai": {"apiKey": key}, "other": {"apiKey": safe}}}
        (home / "etc" / "models.json").write_text(json.dumps(said))
        done = in_process(home, "backup", str(tmp_path / "kept.zip"))
        assert "etc/models.json: providers.openai.apiKey is a key" in done.stderr
        assert "other" not in done.stderr
        assert key not in done.stdout + done.stderr


def test_a_home_in_a_database_that_cannot_be_reached_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv("METAHUMAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none?connect_timeout=1")
    with pytest.raises((StoreError, SettingError)):
        back_up(small_home(tmp_path / "home"), tmp_path / "kept.zip")
    assert not (tmp_path / "kept.zip").exists()
