"""Tests of `metahuman undo` and `metahuman trash`."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from metahuman.cli.trash import trash
from metahuman.cli.undo import undo
from metahuman.clock import SystemClock
from metahuman.home import Home
from metahuman.state.errors import BadChoice, ToolError
from metahuman.tools.changes import ChangeLog
from tests.cli.test_persona import events
from tests.file_desks import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path)
    made.log = ChangeLog(made.home, SystemClock().now)
    return made


def run(files: Files, command: click.Command, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(command, arguments, input=typed, obj=Home(files.home))


def told(files: Files, command: click.Command, *arguments: str) -> dict[str, list[dict[str, str]]]:
    done = run(files, command, *arguments, "--json")
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


class TestUndo:
    def test_the_latest_turn_is_put_back_and_written_down(self, files: Files) -> None:
        path = files.write("a.md", "one")
        files.call("fs_write", path="a.md", content="two", replace=True)
        files.call("fs_write", path="b.md", content="new")
        done = run(files, undo)
        assert (done.exit_code, done.stdout) == (0, f"{files.base / 'b.md'}: taken away\n{path}: put back\n")
        assert path.read_text() == "one"
        [event] = events(files.home, "turn_undone")
        assert (event["actor"], event["details"]["turn"], len(event["details"]["files"])) == ("human", "turn", 2)
        assert isinstance(run(files, undo).exception, BadChoice)

    def test_what_is_left_is_told_and_ends_in_an_error(self, files: Files) -> None:
        path = files.write("a.md", "one")
        files.call("fs_write", path="a.md", content="two", replace=True)
        path.write_text("mine")
        done = run(files, undo, "turn")
        assert (done.exit_code, done.stdout) == (
            1,
            f"{path}: left, it was changed since; --force puts it back all the same\n",
        )
        assert told(files, undo, "turn", "--force")["files"] == [{"path": str(path), "how": "put back", "why": None}]
        assert run(files, undo, "turn").stdout == "turn: all of it is undone already\n"

    def test_the_list(self, files: Files) -> None:
        assert run(files, undo, "--list").stdout == "No file has been changed yet, or not lately.\n"
        files.call("fs_write", turn="first", path="a.md", content="new")
        files.call("fs_delete", turn="second", path="a.md")
        lines = run(files, undo, "--list").stdout.splitlines()
        assert [line.split()[0] for line in lines] == ["second", "deleted", "first", "made"]
        assert [one["turn"] for one in told(files, undo, "--list")["turns"]] == ["second", "first"]


class TestTrash:
    def test_what_was_deleted_is_listed_and_restored(self, files: Files) -> None:
        assert run(files, trash, "list").stdout == "The trash is empty.\n"
        path = files.write("folder/a.md", "one")
        files.call("fs_delete", path="folder")
        [one] = told(files, trash, "list")["trash"]
        assert run(files, trash, "list").stdout == f"{one['id']}  {path.parent}/\n"
        done = run(files, trash, "restore", one["id"][:12])
        assert (done.exit_code, done.stdout, path.read_text()) == (0, f"{path.parent}: restored\n", "one")
        assert events(files.home, "trash_restored")[0]["details"] == {"id": one["id"], "path": str(path.parent)}
        assert isinstance(run(files, trash, "restore", one["id"]).exception, BadChoice)

    def test_nothing_is_written_over(self, files: Files) -> None:
        path = files.write("a.md", "one")
        files.call("fs_delete", path="a.md")
        path.write_text("mine")
        name = told(files, trash, "list")["trash"][0]["id"]
        assert isinstance(run(files, trash, "restore", name).exception, ToolError)
        assert run(files, trash, "restore", name, "--to", str(files.base / "b.md")).exit_code == 0
        assert (path.read_text(), (files.base / "b.md").read_text()) == ("mine", "one")

    def test_it_is_emptied_only_if_agreed(self, files: Files) -> None:
        assert run(files, trash, "empty").stdout == "Nothing to delete.\n"
        files.write("a.md", "one")
        files.call("fs_delete", path="a.md")
        assert run(files, trash, "empty", "--before", "2020-01-01").stdout == "Nothing to delete.\n"
        assert run(files, trash, "empty", typed="n\n").exit_code == 1
        assert len(told(files, trash, "list")["trash"]) == 1
        assert run(files, trash, "empty", "--yes").stdout == "Deleted for good: 1\n"
        assert list((files.home / "trash").iterdir()) == []
        assert len(events(files.home, "trash_emptied")) == 1

    def test_a_note_that_cannot_be_read_hides_nothing_else(self, files: Files) -> None:
        for name in ("a.md", "b.md"):
            files.write(name, name)
            files.call("fs_delete", path=name)
        first = files.log.trash.all()[0]
        (files.home / "trash" / first.id / "manifest.json").write_text("{")
        assert [one["id"] for one in told(files, trash, "list")["trash"]] != [first.id]
        assert run(files, trash, "restore", first.id).exit_code == 1
        assert first.there
