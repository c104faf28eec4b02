"""`metahuman tasks`: the owner's side of the files that the tools keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from metahuman.cli.tasks import tasks
from metahuman.home import Home
from metahuman.state.errors import BadChoice, ToolError


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(tasks, words, obj=Home(home), env={"COLUMNS": "200"}, catch_exceptions=False)


def listed(home: Path, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(home, "list", "--json", *options).stdout)["tasks"]
    return found


def test_a_home_without_tasks_says_so_and_stays_as_it_is(tmp_path: Path) -> None:
    assert run(tmp_path / "home").stdout == "No tasks yet: `metahuman tasks add` writes one down.\n"
    assert not (tmp_path / "home").exists()


def test_a_task_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    done = run(tmp_path, "add", "Buy", "milk", "--due", "2020-01-01", "--priority", "P1", "--tag", "shop")
    name = listed(tmp_path)[0]["id"]
    assert done.stdout == f"written down: {name}: Buy milk (overdue since Wed 1 Jan 2020) [P1, #shop]\n"
    shown = run(tmp_path).stdout
    assert all(word in shown for word in (name, "Buy milk", "overdue since Wed 1 Jan 2020", "todo", "shop"))
    assert [task["id"] for task in listed(tmp_path, "--overdue")] == [name]
    assert run(tmp_path, "start", "milk").stdout.startswith(f"begun: {name}")
    assert run(tmp_path, "edit", "milk", "--title", "Buy bread", "--due", "none").stdout.startswith("changed: ")
    assert run(tmp_path, "show", "bread").stdout.startswith(f"id: {name}\ntitle: Buy bread\nstatus: in_progress\n")
    assert json.loads(run(tmp_path, "show", "bread", "--json").stdout)["tags"] == ["shop"]
    run(tmp_path, "done", "bread")
    assert (listed(tmp_path), listed(tmp_path, "--closed")[0]["status"]) == ([], "done")
    run(tmp_path, "reopen", "bread")
    run(tmp_path, "cancel", name)
    assert listed(tmp_path, "--all")[0]["status"] == "cancelled"
    assert "`metahuman trash restore " in run(tmp_path, "delete", name).stdout
    assert listed(tmp_path, "--all") == []


def test_every_change_is_in_the_audit_log_without_its_words(tmp_path: Path) -> None:
    run(tmp_path, "add", "Buy milk")
    run(tmp_path, "done", "milk")
    lines = [line for path in (tmp_path / "logs" / "audit").iterdir() for line in path.read_text().splitlines()]
    events = [json.loads(line) for line in lines]
    assert [(event["event"], event["actor"], event["details"]["changed"]) for event in events] == [
        ("task_changed", "human", ["title"]),
        ("task_changed", "human", ["status"]),
    ]
    assert "milk" not in "".join(lines)


def test_what_cannot_be_done_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no task is called 'zebra'"):
        run(tmp_path, "done", "zebra")
    with pytest.raises(ToolError, match="'soon' names no day"):
        run(tmp_path, "add", "x", "--due", "soon")
    with pytest.raises(BadChoice, match="title: a title has at least a word"):
        run(tmp_path, "add", " ")
    assert run(tmp_path, "edit", "x").exit_code == 2


def test_broken_files_and_escapes_do_no_harm(tmp_path: Path) -> None:
    run(tmp_path, "add", "[bold]red\x1b[31m[/]")
    (tmp_path / "memory" / "tasks" / "active" / "broken.json").write_text("{")
    done = run(tmp_path)
    assert "[bold]red[31m[/]" in done.stdout
    assert "\x1b" not in done.stdout
    assert "broken.json: not JSON" in done.stderr
    assert json.loads(run(tmp_path, "list", "--json").stdout)["broken"]


def test_every_command_has_help(tmp_path: Path) -> None:
    for name in tasks.commands:
        assert run(tmp_path, name, "--help").stdout.startswith("Usage: ")
