"""A home that is locked: nothing of it can be read, nothing is lost, and nobody makes another in its place."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from metahuman.api import MetaHuman
from metahuman.cli.passphrase import VARIABLE
from metahuman.home import Home, locked_file
from metahuman.keeping.locking import lock, unlock
from metahuman.state.errors import BadChoice, StoreError
from tests.backups import small_home
from tests.homes import TALK, in_process, scripted

SECRET = "a passphrase of seven words or more, say"


def quietly(_done: int, _total: int) -> None:
    """Show nothing."""


def everything(folder: Path) -> dict[str, bytes]:
    """Return what all files of a home hold, but what is made anew, and the audit, which tells of the way."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".lock", "-wal", "-shm")))
    known = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {place: data for place, data in known.items() if not place.startswith(("logs/", "state/"))}


def test_what_was_said_cannot_be_read_until_it_is_unlocked(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with scripted(home.root, orchestrator=[TALK], persona=["a pear tree"]) as twin:
        twin.chat("what grows in the garden?")
        before = everything(home.root)
        with pytest.raises(BadChoice, match="a program is at work in it"):
            lock(home, SECRET, quietly)
    lock(home, SECRET, quietly)
    assert [path.name for path in tmp_path.iterdir()] == ["home.locked"]
    assert b"pear tree" not in locked_file(home.root).read_bytes()
    with pytest.raises(StoreError, match="is locked; open it with `metahuman unlock`"):
        MetaHuman(home)
    with pytest.raises(BadChoice, match="that is not its passphrase"):
        unlock(home, "another", quietly)
    unlock(home, SECRET, quietly)
    assert everything(home.root) == before
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    with MetaHuman(home) as twin:
        assert [message.text for message in twin.history()] == ["what grows in the garden?", "a pear tree"]
        assert [memory["response"] for memory in twin.memories()] == ["a pear tree"]


def test_what_would_stay_behind_is_named_and_nothing_is_done(tmp_path: Path) -> None:
    home = small_home(tmp_path / "home")
    (home.root / "diary.odt").write_text("dear diary")
    with pytest.raises(BadChoice, match=r"diary\.odt"):
        lock(home, SECRET, quietly)
    assert (home.root / "diary.odt").exists()
    assert not locked_file(home.root).exists()
    with pytest.raises(BadChoice, match="there is no home"):
        lock(Home(tmp_path / "none"), SECRET, quietly)
    with pytest.raises(BadChoice, match="is not locked"):
        unlock(home, SECRET, quietly)


def test_an_earlier_file_is_kept_and_a_lock_that_was_cut_short_goes_on(tmp_path: Path) -> None:
    home = small_home(tmp_path / "home")
    locked_file(home.root).write_text("of an earlier home")
    lock(home, SECRET, quietly)
    (earlier,) = tmp_path.glob("home.locked.before-*")
    assert earlier.read_text() == "of an earlier home"
    left = small_home(tmp_path / ".home.leaving").root  # it was killed while it deleted
    assert lock(home, SECRET, quietly) is None
    assert not left.exists()
    unlock(home, SECRET, quietly)
    assert (home.root / "files" / "x").read_text() == "x"


def test_a_home_that_a_link_leads_to_is_locked_under_both_names(tmp_path: Path) -> None:
    real, link = small_home(tmp_path / "real"), tmp_path / "link"
    link.symlink_to(real.root)
    lock(Home(link), SECRET, quietly)
    assert real.is_locked
    assert Home(link).is_locked
    unlock(Home(link), SECRET, quietly)
    assert (link / "files" / "x").read_text() == "x"


def test_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    home = small_home(tmp_path / "home").root
    done = in_process(home, "lock")
    assert (done.returncode, done.stdout) == (0, f"{home}.locked: 3 files, sealed; `metahuman unlock` opens it\n")
    refused = in_process(home, "status")
    assert refused.returncode == 1
    assert refused.stderr == f"metahuman: {home}: is locked; open it with `metahuman unlock`\n"
    assert in_process(home, "lock").stdout == f"{home}: is locked\n"
    assert in_process(home, "unlock").stdout.startswith(f"{home}: 3 files, as they were at ")
    again = in_process(home, "unlock")
    assert (again.returncode, again.stderr) == (1, f"metahuman: {home}: is not locked\n")


@pytest.mark.slow
def test_killed_anywhere_the_home_or_the_file_is_whole(tmp_path: Path) -> None:
    model = small_home(tmp_path / "model")
    for number in range(300):
        (model.root / "files" / f"{number}.txt").write_text(f"{number}" * 500)
    wanted, home = everything(model.root), Home(tmp_path / "home")
    for at in (0.2, 0.35, 0.45, 0.55, 0.65, 0.8, 1.0, 1.3):
        shutil.copytree(model.root, home.root)
        for command in ("lock", "unlock"):
            if command == "unlock":
                lock(home, SECRET, quietly)
            _killed_after(at, home.root, command)
            if home.is_locked:
                assert in_process(home.root, "lock").returncode == 0  # what was left of the home goes
                unlock(home, SECRET, quietly)
            assert everything(home.root) == wanted
            assert not (tmp_path / ".home.leaving").exists()
        shutil.rmtree(home.root)
        for path in tmp_path.glob("home.locked*"):
            path.unlink()


def _killed_after(seconds: float, home: Path, command: str) -> None:
    """Run a command that is killed after a while, if it has not ended by then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "metahuman", "--home", str(home), command],
        env={**os.environ, VARIABLE: SECRET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
