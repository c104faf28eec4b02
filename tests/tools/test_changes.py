"""Tests of the changes that tools make to files: undone, told after a crash, moved to another disk, kept so long."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from metahuman.state.errors import BadChoice, MetaHumanError, StoreError, ToolError
from metahuman.tools.changes import ChangeLog, Keep, Key
from metahuman.tools.files import moving
from metahuman.tools.files.ledger import Change
from metahuman.tools.files.undo import Undone, chosen, turns, undo
from metahuman.tools.files.versions import hash_of
from tests.fakes import NOON
from tests.file_desks import Files

MEMORY = Path("/dev/shm")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def left(done: list[Undone]) -> list[str | None]:
    return [one.why for one in done if one.how == "left"]


class TestUndo:
    def test_a_turn_is_put_back_as_a_whole(self, files: Files) -> None:
        old, gone = files.write("old.md", "one\n"), files.write("gone/a.md", "gone")
        files.call("fs_edit", path="old.md", old_text="one", new_text="two")
        files.call("fs_write", path="old.md", content="three\n", replace=True)
        files.call("fs_write", path="new/deep/a.md", content="new")
        files.call("fs_write", path="gone/a.md", content="changed", replace=True)
        files.call("fs_delete", path="gone")
        done = undo(files.log, chosen(files.log))
        assert [(Path(one.path).relative_to(files.base).as_posix(), one.how) for one in done] == [
            ("gone", "restored"),
            ("gone/a.md", "put back"),
            ("new/deep/a.md", "taken away"),
            ("old.md", "put back"),
        ]
        assert (old.read_text(), gone.read_text()) == ("one\n", "gone")
        assert sorted(one.name for one in files.base.iterdir()) == ["gone", "old.md"]
        with pytest.raises(BadChoice, match="nothing is left to undo"):
            chosen(files.log)

    def test_an_undoing_can_be_undone(self, files: Files) -> None:
        path = files.write("a.md", "one")
        files.call("fs_write", path="a.md", content="two", replace=True)
        undo(files.log, chosen(files.log))
        undo(files.log, chosen(files.log, "undo-"))
        assert path.read_text() == "two"

    def test_what_was_changed_since_is_left_unless_forced_and_then_kept(self, files: Files) -> None:
        path = files.write("a.md", "one")
        files.call("fs_write", path="a.md", content="two", replace=True)
        path.write_text("mine")
        turn = chosen(files.log)
        assert left(undo(files.log, turn)) == ["it was changed since; --force puts it back all the same"]
        assert path.read_text() == "mine"
        assert left(undo(files.log, turn, force=True)) == []
        assert path.read_text() == "one"
        undo(files.log, chosen(files.log, "undo-"))
        assert path.read_text() == "mine"

    def test_a_later_turn_stands_before_an_earlier_one(self, files: Files) -> None:
        path = files.write("a.md", "one")
        files.call("fs_write", turn="first", path="a.md", content="two", replace=True)
        files.call("fs_write", turn="second", path="a.md", content="three", replace=True)
        assert left(undo(files.log, chosen(files.log, "first"))) != []
        for word in (None, None):
            assert left(undo(files.log, chosen(files.log, word))) == []
        assert path.read_text() == "one"

    def test_what_stands_in_the_way_of_the_trash_is_left_unless_forced(self, files: Files) -> None:
        path = files.write("a.md", "one")
        files.call("fs_delete", path="a.md")
        path.write_text("mine")
        turn = chosen(files.log)
        assert left(undo(files.log, turn)) == ["something is there already; move that away first"]
        assert left(undo(files.log, turn, force=True)) == []
        assert path.read_text() == "one"
        [one] = files.log.trash.all()
        assert one.place.read_text() == "mine"

    def test_what_is_not_kept_any_more_is_told(self, files: Files) -> None:
        files.write("a.md", "one")
        files.write("b.md", "one")
        files.call("fs_write", path="a.md", content="two", replace=True)
        files.call("fs_delete", path="b.md")
        shutil.rmtree(files.home / "state" / "changes" / "versions")
        files.log.trash.empty(files.log.trash.all())
        done = undo(files.log, chosen(files.log), force=True)
        assert left(done) == ["it is not in the trash any more", "what it held before is not kept any more"]

    def test_a_link_put_in_the_place_of_a_file_is_not_followed(self, files: Files) -> None:
        path, outside = files.write("a.md", "one"), files.root / "outside.md"
        files.call("fs_write", path="a.md", content="two", replace=True)
        path.unlink()
        outside.write_text("two")
        path.symlink_to(outside)
        assert len(left(undo(files.log, chosen(files.log), force=True))) == 1
        assert outside.read_text() == "two"

    def test_turns_are_named_in_short(self, files: Files) -> None:
        for turn in ("abc-1", "abc-2"):
            files.call("fs_write", turn=turn, path=turn, content="x")
        assert chosen(files.log, "abc-2").turn == "abc-2"
        for word in ("abc", "none"):
            with pytest.raises(BadChoice):
                chosen(files.log, word)


class TestHappened:
    @staticmethod
    def begun(files: Files, path: Path, before: bytes | None, after: bytes) -> bool | None:
        """Tell of a call that was begun, and whose process died."""
        change = Change("c1", "2026-05-17T12:00:00Z", "main", "turn", "call", str(path))
        values = {"before": hash_of(before) if before is not None else None, "after": hash_of(after)}
        files.log.ledger.begin(Change(**{**change.__dict__, **values}))
        return files.desk().changes.happened()

    def test_a_call_that_came_to_no_change_made_none(self, files: Files) -> None:
        assert files.desk().changes.happened() is False

    def test_a_change_that_was_made_is_known(self, files: Files) -> None:
        files.desk().changes.write(files.base / "a.md", b"new")
        (files.base / "a.md").write_text("changed since")
        assert files.desk().changes.happened() is True
        assert files.desk(call="other").changes.happened() is False

    def test_the_file_itself_tells(self, files: Files) -> None:
        path = files.write("a.md", "old")
        (files.base / ".metahuman-c1.tmp").write_text("ne")
        assert self.begun(files, path, b"old", b"new") is False
        assert [one.name for one in files.base.iterdir()] == ["a.md"]

    def test_also_that_it_was_made(self, files: Files) -> None:
        assert self.begun(files, files.write("a.md", "new"), b"old", b"new") is True
        assert turns(files.log)[0].changes[0].state == "done"

    def test_what_somebody_else_changed_since_cannot_tell(self, files: Files) -> None:
        assert self.begun(files, files.write("a.md", "theirs"), b"old", b"new") is None

    def test_a_failure_is_no_change(self, files: Files) -> None:
        changes = files.desk().changes
        with pytest.raises(ToolError):
            changes.remove(files.base / "none")
        assert changes.happened() is False
        assert list((files.home / "trash").glob("*")) == []

    @pytest.mark.slow
    def test_after_a_kill_at_any_moment(self, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "tests.file_kills", str(tmp_path / "killed"), "40"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        told = json.loads(done.stdout)
        assert told["wrong"] == []
        assert told["calls"] >= 40


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk than the home."""
    if not MEMORY.is_dir() or MEMORY.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other disk")
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


class TestAnotherDisk:
    def test_a_folder_goes_there_and_back(self, files: Files, elsewhere: Path) -> None:
        (elsewhere / "folder" / "sub").mkdir(parents=True)
        (elsewhere / "folder" / "sub" / "run.sh").write_text("true")
        (elsewhere / "folder" / "sub" / "run.sh").chmod(0o755)
        (elsewhere / "folder" / "link").symlink_to("sub/run.sh")
        changes = files.desk().changes
        changes.remove(elsewhere / "folder")
        assert list(elsewhere.iterdir()) == []
        assert changes.happened() is True
        assert undo(files.log, chosen(files.log))[0].how == "restored"
        assert (elsewhere / "folder" / "link").readlink() == Path("sub/run.sh")
        assert os.access(elsewhere / "folder" / "sub" / "run.sh", os.X_OK)

    def test_what_cannot_be_copied_stays(self, files: Files, elsewhere: Path) -> None:
        (elsewhere / "folder").mkdir()
        (elsewhere / "folder" / "a.md").write_text("a")
        os.mkfifo(elsewhere / "folder" / "pipe")
        with pytest.raises(ToolError, match="cannot be copied"):
            files.desk().changes.remove(elsewhere / "folder")
        assert sorted(one.name for one in (elsewhere / "folder").iterdir()) == ["a.md", "pipe"]
        assert [one.name for one in elsewhere.iterdir()] == ["folder"]
        assert files.log.trash.all() == []

    @pytest.mark.parametrize("whole", [True, False])
    def test_a_crash_while_copying_is_tidied_up(self, files: Files, elsewhere: Path, *, whole: bool) -> None:
        path = elsewhere / "a.md"
        path.write_text("a")
        name = files.desk().changes.remove(path)
        place = files.log.trash.find(name).place
        (elsewhere / moving.aside(name)).write_text("a")  # as it stood before the copy was whole, or just after
        if not whole:
            place.rename(place.with_name(moving.aside(name)))
        files.log.ledger.end(files.log.ledger.read()[0].id, "begun")
        assert files.desk().changes.happened() is whole
        assert [one.name for one in elsewhere.iterdir()] == ([] if whole else ["a.md"])
        assert len(files.log.trash.all()) == whole


class TestKept:
    @staticmethod
    def log(files: Files, at: datetime, keep: Keep) -> ChangeLog:
        return ChangeLog(files.home, lambda: at, keep)

    def test_the_oldest_goes_first_and_the_last_day_never(self, files: Files) -> None:
        keep, path = Keep(days=30, size=25), files.base / "a.md"
        for day in range(6):
            log = self.log(files, NOON + timedelta(days=day), keep)
            log.of(Key(None, f"turn-{day}", "call")).write(path, f"{day}".encode() * 10)
        log.prune()
        assert [one.turn for one in turns(log)] == ["turn-4", "turn-5"]
        assert len(list((files.home / "state" / "changes" / "versions").glob("*/*"))) == 2
        today = self.log(files, NOON + timedelta(days=5), Keep(days=0, size=0))
        today.prune()
        assert [one.turn for one in turns(today)] == ["turn-4", "turn-5"]
        much_later = self.log(files, NOON + timedelta(days=50), keep)
        much_later.prune()
        assert turns(much_later) == []

    def test_nothing_goes_while_it_is_being_undone(self, files: Files) -> None:
        for name in ("a.md", "b.md"):
            files.write(name, "old")
            files.call("fs_write", path=name, content="new", replace=True)
        later = self.log(files, NOON + timedelta(days=50), Keep())
        assert left(undo(later, chosen(later))) == []
        assert {path.read_text() for path in files.base.iterdir()} == {"old"}

    def test_lines_that_are_none_hide_nothing_else(self, files: Files) -> None:
        changes, ledger = files.desk().changes, files.log.ledger
        changes.write(files.base / "a.md", b"a")
        with ledger.path.open("ab") as file:
            file.write(
                b'null\n{"id": 7}\n{"id":"x","at":"never","turn":"t","call":"c","path":"p"}\n\xff\n{"id": "cut sh'
            )
        files.desk(call="two").changes.write(files.base / "b.md", b"b")
        assert [Path(one.path).name for one in ledger.read()] == ["a.md", "b.md"]

    def test_many_at_once_are_all_kept(self, files: Files) -> None:
        from concurrent.futures import ThreadPoolExecutor

        files.write("sum.txt", "0")

        def add(number: int) -> None:
            changes = files.log.of(Key(None, "turn", str(number)))
            changes.change(files.base / "sum.txt", lambda before: str(int(before or b"0") + 1).encode())

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(40)))
        assert (files.base / "sum.txt").read_text() == "40"
        assert left(undo(files.log, chosen(files.log))) == []
        assert (files.base / "sum.txt").read_text() == "0"

    def test_a_home_that_cannot_be_written_is_told(self, files: Files) -> None:
        files.home.write_text("no folder")
        with pytest.raises(StoreError) as failed:
            files.desk().changes.write(files.base / "a.md", b"a")
        assert isinstance(failed.value, MetaHumanError)
        assert not (files.base / "a.md").exists()

    def test_somebody_who_was_quicker_is_not_written_over(self, files: Files) -> None:
        path, changes = files.write("a.md", "old"), files.desk().changes

        def slow(_: bytes | None) -> bytes:
            path.write_text("theirs")
            return b"mine"

        with pytest.raises(ToolError, match="somebody else"):
            changes.change(path, slow)
        assert (path.read_text(), changes.happened()) == ("theirs", False)
