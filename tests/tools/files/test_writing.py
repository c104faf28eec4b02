"""Tests of `fs_write`, `fs_edit` and `fs_delete`: what they do, what they refuse, and what a person is shown before."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from metahuman.state.errors import ToolError
from metahuman.tools.files.diffs import difference
from tests.file_desks import TOOL, Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def refused(files: Files, tool: str, **arguments: object) -> str:
    with pytest.raises(ToolError) as failed:
        files.call(tool, **arguments)
    assert "\n" not in str(failed.value)
    return str(failed.value)


class TestWrite:
    def test_a_file_is_made_with_the_folders_above_it(self, files: Files) -> None:
        output = files.output("fs_write", path="notes/new/a.md", content="peas ü\n")
        path = files.base / "notes" / "new" / "a.md"
        assert (output.text, output.trusted) == (f"{path}: made, 8 bytes", True)
        assert path.read_text() == "peas ü\n"

    def test_new_files_are_private_in_the_home_and_usual_elsewhere(self, files: Files) -> None:
        before = os.umask(0o022)
        try:
            files.call("fs_write", path="a.md", content="a")
            files.desk().changes.write(files.home / "memory" / "tasks" / "a.json", b"{}")
        finally:
            os.umask(before)
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (files.base / "a.md", files.home / "memory" / "tasks")]
        assert modes == [0o644, 0o700]
        assert stat.S_IMODE((files.home / "memory" / "tasks" / "a.json").stat().st_mode) == 0o600

    def test_what_is_there_is_replaced_only_if_asked(self, files: Files) -> None:
        path = files.write("a.sh", "old")
        path.chmod(0o755)
        assert "replace=true" in refused(files, "fs_write", path="a.sh", content="new")
        assert path.read_text() == "old"
        assert files.call("fs_write", path="a.sh", content="old").endswith("3 bytes")
        assert "replaced; what it held is kept" in files.call("fs_write", path="a.sh", content="new", replace=True)
        assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o755)
        assert [one.name for one in files.base.iterdir()] == ["a.sh"]

    def test_a_link_is_written_through_where_it_leads(self, files: Files) -> None:
        path = files.write("real.md", "old")
        (files.base / "link.md").symlink_to("real.md")
        files.call("fs_write", path="link.md", content="new", replace=True)
        assert (path.read_text(), (files.base / "link.md").is_symlink()) == ("new", True)

    def test_what_must_not_be_written_is_left(self, files: Files) -> None:
        files.write("fixed.md", "old").chmod(0o444)
        assert "read-only" in refused(files, "fs_write", path="fixed.md", content="new", replace=True)
        files.write("large.md", "x" * 300)
        desk = files.desk(file=200)
        files.log.most = 200
        with pytest.raises(ToolError, match="more than 200 bytes"):
            desk.changes.write(files.base / "large.md", b"new")
        (files.base / "folder").mkdir()
        os.mkfifo(files.base / "pipe")
        for path in ("folder", "pipe", "../outside.md", "fixed.md/below", "x" * 255 + ".md", "\udc80"):
            refused(files, "fs_write", path=path, content="new", replace=True)
        assert "cannot hold" in refused(files, "fs_write", path="a.md", content="half \ud83d")
        assert sorted(one.name for one in files.base.iterdir()) == ["fixed.md", "folder", "large.md", "pipe"]
        assert not any(one.state == "done" for one in files.log.ledger.read())

    def test_too_much_is_refused(self, files: Files) -> None:
        with pytest.raises(ToolError, match="write less"):
            files.call("fs_write", path="a.md", content="x" * 300, limits={"file": 200})

    def test_the_preview_is_a_diff(self, files: Files) -> None:
        path = files.write("a.md", "one\ntwo\n")
        shown = files.preview("fs_write", path="a.md", content="one\n2\n", replace=True)
        assert shown == f"--- {path}\n+++ {path}\n@@ -1,2 +1,2 @@\n one\n-two\n+2"
        new = files.preview("fs_write", path="b.md", content="one\n")
        assert new == f"--- /dev/null\n+++ {files.base / 'b.md'}\n@@ -0,0 +1 @@\n+one"
        files.write("c.png", b"\x89PNG")
        assert "a PNG image" in files.preview("fs_write", path="c.png", content="one\n")
        assert path.read_text() == "one\ntwo\n"


class TestEdit:
    def test_the_diff_is_returned(self, files: Files) -> None:
        path = files.write("a.md", "".join(f"{number}\n" for number in range(1, 100)))
        output = files.output("fs_edit", path="a.md", old_text="\n50\n", new_text="\nfifty\n")
        hunk = "@@ -47,7 +47,7 @@\n 47\n 48\n 49\n-50\n+fifty\n 51\n 52\n 53"
        assert (output.text, output.trusted) == (f"--- {path}\n+++ {path}\n{hunk}", False)
        assert "\nfifty\n" in path.read_text()

    def test_the_text_must_stand_there_once_or_all_of_it_is_meant(self, files: Files) -> None:
        path = files.write("a.md", "pea\nbean\npea\n")
        assert "does not stand in it" in refused(files, "fs_edit", path="a.md", old_text="peas", new_text="")
        assert "2 times (lines 1, 3)" in refused(files, "fs_edit", path="a.md", old_text="pea", new_text="")
        assert "no such file" in refused(files, "fs_edit", path="b.md", old_text="pea", new_text="")
        files.call("fs_edit", path="a.md", old_text="pea", new_text="oat", all=True)
        assert path.read_text() == "oat\nbean\noat\n"

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (b"one\r\ntwo\r\n", b"one\r\nzwei\r\nthree\r\n"),
            ("one\ntwo ü\n".encode("cp1252"), "one\nzwei\nthree ü\n".encode("cp1252")),
            ("\ufeffone\ntwo\n".encode("utf-16-be"), "\ufeffone\nzwei\nthree\n".encode("utf-16-be")),
            (b"\xef\xbb\xbfone\ntwo\n", b"\xef\xbb\xbfone\nzwei\nthree\n"),
        ],
    )
    def test_encoding_mark_and_line_ends_stay(self, files: Files, before: bytes, after: bytes) -> None:
        path = files.write("a.md", before)
        files.call("fs_edit", path="a.md", old_text="one\ntwo", new_text="one\nzwei\nthree")
        assert path.read_bytes() == after

    def test_what_the_encoding_cannot_hold_is_refused(self, files: Files) -> None:
        files.write("a.md", "ü\n".encode("cp1252"))
        assert "windows-1252" in refused(files, "fs_edit", path="a.md", old_text="ü", new_text="豆")

    def test_what_is_no_text_is_refused(self, files: Files) -> None:
        files.write("a.png", b"\x89PNG word")
        assert "a PNG image" in refused(files, "fs_edit", path="a.png", old_text="word", new_text="")

    def test_the_preview_changes_nothing(self, files: Files) -> None:
        path = files.write("a.md", "one\n")
        assert "-one\n+two" in files.preview("fs_edit", path="a.md", old_text="one", new_text="two")
        assert path.read_text() == "one\n"


class TestDelete:
    def test_it_goes_to_the_trash_and_comes_back(self, files: Files) -> None:
        files.write("folder/a.md", "one")
        files.write("folder/sub/b.md", "two")
        output = files.output("fs_delete", path="folder")
        [one] = files.log.trash.all()
        assert f"`metahuman trash restore {one.id}`" in output.text
        assert (one.path, one.kind, one.turn) == (files.base / "folder", "folder", "turn")
        assert not (files.base / "folder").exists()
        files.log.trash.restore(one)
        assert (files.base / "folder" / "sub" / "b.md").read_text() == "two"
        assert files.log.trash.all() == []

    def test_restoring_never_writes_over(self, files: Files) -> None:
        path = files.write("a.md", "old")
        files.call("fs_delete", path="a.md")
        path.write_text("new")
        [one] = files.log.trash.all()
        with pytest.raises(ToolError, match="something is there already"):
            files.log.trash.restore(one)
        files.log.trash.restore(one, files.base / "elsewhere" / "a.md")
        assert (path.read_text(), (files.base / "elsewhere" / "a.md").read_text()) == ("new", "old")

    def test_what_others_stand_on_is_refused(self, files: Files) -> None:
        files.write("a.md", "old")
        (files.base / "link.md").symlink_to("a.md")
        os.mkfifo(files.base / "pipe")
        for path in (".", "", "link.md", "pipe", "none", "..", str(files.home), "/"):
            with pytest.raises((ToolError, ValueError)):
                files.call("fs_delete", path=path)
        assert files.log.trash.all() == []
        assert sorted(one.name for one in files.base.iterdir()) == ["a.md", "link.md", "pipe"]

    def test_the_preview_counts(self, files: Files) -> None:
        files.write("folder/a.md", "one")
        files.write("folder/sub/.b.md", "two")
        assert files.preview("fs_delete", path="folder").endswith("with 2 files (6 bytes) to the trash")
        assert "the file" in files.preview("fs_delete", path="folder/a.md")
        assert (files.base / "folder" / "a.md").exists()


def test_a_write_that_nobody_waits_for_is_not_made(tmp_path: Path) -> None:
    files = Files(tmp_path)
    desk, tool = files.desk(), TOOL["fs_write"]

    async def stopped() -> None:
        with files.log.alone():  # somebody else is writing
            writing = asyncio.ensure_future(tool.run(tool.arguments(path="a.md", content="new"), desk))
            await asyncio.sleep(0.1)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing

    asyncio.run(stopped())
    assert desk.changes.happened() is False
    assert list(files.base.iterdir()) == []


class TestDifference:
    def test_far_ends_that_are_the_same_are_not_compared(self) -> None:
        lines = [f"line {number}\n" for number in range(200_000)]
        changed = [*lines[:150_000], "new\n", *lines[150_001:]]
        shown = difference("a", "".join(lines), "".join(changed), 8_000)
        assert "@@ -149998,7 +149998,7 @@" in shown
        assert "-line 150000\n+new\n" in shown

    def test_it_is_bounded(self) -> None:
        shown = difference("a", "x\n" * 50_000, "y\n" * 50_000, 1_000)
        assert len(shown) < 1_100
        assert "too long to be compared" in shown
        assert shown.endswith("more lines differ or stand around]")
        assert len(difference("a", None, "z" * 1_000_000, 1_000)) < 1_000

    def test_line_ends_are_told(self) -> None:
        assert difference("a", "one\r\n", "one\n", 1_000) == "a: only line ends differ"
        assert difference("a", "one\n", "one\n", 1_000) == "a: nothing differs"
