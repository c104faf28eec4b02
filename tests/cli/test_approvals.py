"""Calls of tools that wait for a word, at the terminal."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from metahuman.cli.approving import ask_person
from metahuman.cli.session import Session
from metahuman.state.acting import Call, Ruling
from metahuman.state.approvals import Ask
from tests.homes import in_process, scripted
from tests.talk import note, to, use

WORK = to(("operator", "write it down"))
WRITE = use("fs_write", path="notes.txt", content="bread\n")
ASK = Ask(
    call=Call(id="1", tool="fs_write", arguments={"path": "a.txt", "replace": True}),
    ruling=Ruling(verdict="ask", rule="trust.medium", why="it changes a file", risk="medium"),
    preview="+bread",
    thread="main",
    turn="q1",
)


def waiting(home: Path) -> None:
    """Leave a call waiting on the thread main."""
    with scripted(home, orchestrator=[WORK, WRITE]) as twin:
        assert twin.chat("write bread down").waiting


def typed(*lines: str) -> Iterator[str]:
    yield from lines
    raise EOFError


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (["y"], {"approved": True}),
        (["what?", "yes"], {"approved": True}),
        (["a"], {"approved": True, "always": True}),
        (["n", "not now"], {"approved": False, "why": "not now"}),
        (["e", "b.txt", ""], {"approved": True, "arguments": {"path": "b.txt", "replace": True}}),
        (["e", "b.txt", "perhaps", "y"], {"approved": True}),
        (["l"], None),
        ([], None),
    ],
)
def test_what_a_person_may_answer(lines: list[str], word: object) -> None:
    screen, answers = io.StringIO(), typed(*lines)
    assert ask_person(Console(file=screen, width=80), ASK, lambda _: next(answers)) == word
    for shown in ("fs_write", "a.txt", "it changes a file", "+bread", "risk medium"):
        assert shown in screen.getvalue()


def test_a_sitting_asks_at_once_and_goes_on(tmp_path: Path) -> None:
    screen, answers = io.StringIO(), typed("yes")
    with scripted(tmp_path, orchestrator=[WORK, WRITE, note("written")], persona=["noted"]) as twin:
        session = Session(twin, Console(file=screen, width=100), "main", None, lambda _: next(answers))
        session.take("write bread down")
    assert "✓ fs_write" in screen.getvalue()
    assert "noted" in screen.getvalue()
    assert (tmp_path / "files" / "notes.txt").read_text() == "bread\n"


def test_the_next_sitting_asks_for_what_was_left(tmp_path: Path) -> None:
    waiting(tmp_path)
    screen, answers = io.StringIO(), typed("no", "I have bread")
    with scripted(tmp_path, orchestrator=[note("refused")], persona=["as you wish"]) as twin:
        Session(twin, Console(file=screen, width=100), "main", None, lambda _: next(answers)).greet()
    assert "I have bread" in screen.getvalue()
    assert not (tmp_path / "files" / "notes.txt").exists()


def test_what_waits_is_listed(tmp_path: Path) -> None:
    waiting(tmp_path)
    assert "fs_write" in in_process(tmp_path, "approvals").stdout
    (ask,) = json.loads(in_process(tmp_path, "approvals", "--json").stdout)
    assert (ask["thread"], ask["call"]["arguments"]["path"]) == ("main", "notes.txt")


def test_nothing_waits(tmp_path: Path) -> None:
    assert "nothing waits" in in_process(tmp_path, "approvals").stdout
    done = in_process(tmp_path, "approvals", "no")
    assert (done.returncode, done.stderr) == (1, "metahuman: no call of a tool waits for an answer on thread 'main'\n")


@pytest.mark.parametrize("wrong", ["{", "[1]"])
def test_arguments_that_are_none(tmp_path: Path, wrong: str) -> None:
    done = in_process(tmp_path, "approvals", "yes", "--arguments", wrong)
    assert done.returncode == 2
    assert "--arguments" in done.stderr
