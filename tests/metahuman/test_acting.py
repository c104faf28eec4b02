"""The operator of a whole twin: real tools in a real home, behind the real policy."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from metahuman import Intended, Stepped
from metahuman.state.errors import AnswerFirst, EmptyTurn
from tests.homes import scripted
from tests.talk import note, to, use

WORK = to(("operator", "see to the notes"))


def audited(home: Path, event: str) -> list[dict[str, object]]:
    lines = [
        line for day in sorted((home / "logs" / "audit").glob("*.ndjson")) for line in day.read_text().splitlines()
    ]
    return [entry["details"] for entry in map(json.loads, lines) if entry["event"] == event]


def test_what_it_reads_is_told_with_its_source(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "notes.txt").write_text("milk, eggs")
    with scripted(
        tmp_path, orchestrator=[WORK, use("fs_read", path="notes.txt"), note("ok")], persona=["milk"]
    ) as twin:
        events = list(twin.stream("what is in my notes?"))
    reply = events[-1]
    assert [type(event) for event in events if isinstance(event, Intended | Stepped)] == [Intended, Stepped]
    assert reply.waiting is None
    (step,) = reply.steps
    assert (step["ended"], step["approvedBy"]) == ("done", "policy")
    assert "milk, eggs" in step["output"]
    assert any(source.endswith("notes.txt") for source in reply.sources)
    (event,) = audited(tmp_path, "tool_called")
    assert (event["tool"], event["ended"], event["turn"]) == ("fs_read", "done", step["turn"])


def test_what_it_read_goes_with_the_thread(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "notes.txt").write_text("milk, eggs")
    asked = [WORK, use("fs_read", path="notes.txt"), note("ok")]
    with scripted(tmp_path, orchestrator=[*asked, *asked], persona=["milk", "eggs"]) as twin:
        twin.chat("what is in my notes?", thread="gone")
        twin.chat("what is in my notes?", thread="kept")
        twin.delete_thread("gone")
    with closing(sqlite3.connect(tmp_path / "state" / "actions.sqlite")) as journal:
        calls = journal.execute("SELECT thread, outcome IS NULL FROM calls ORDER BY thread").fetchall()
    assert calls == [("gone", 1), ("kept", 0)]


def test_a_write_waits_for_a_word_that_comes_from_another_program(tmp_path: Path) -> None:
    wanted = use("fs_write", path="notes.txt", content="bread\n")
    with scripted(tmp_path, orchestrator=[WORK, wanted]) as twin:
        reply = twin.chat("write bread into my notes")
        assert reply.text == ""
        assert reply.waiting
        assert "+bread" in reply.waiting["preview"]
        assert not (tmp_path / "files" / "notes.txt").exists()
        with pytest.raises(AnswerFirst, match=r"waits for your word on fs_write\("):
            twin.chat("hello?")
        assert twin.unanswered() is None
    with scripted(tmp_path, orchestrator=[note("written")], persona=["there"]) as twin:
        assert [ask["call"]["tool"] for ask in twin.asks()] == ["fs_write"]
        reply = twin.answer(approved=True)
        assert (reply.text, reply.steps[0]["approvedBy"]) == ("there", "human")
        assert (tmp_path / "files" / "notes.txt").read_text() == "bread\n"
        assert twin.asks() == []
        with pytest.raises(EmptyTurn, match="no call of a tool waits"):
            twin.answer(approved=True)
    assert len(audited(tmp_path, "tool_called")) == len(audited(tmp_path, "approval_answered")) == 1


def test_what_is_refused_is_told_and_not_done(tmp_path: Path) -> None:
    wanted = use("fs_write", path="notes.txt", content="bread\n")
    with scripted(tmp_path, orchestrator=[WORK, wanted, note("refused")], persona=["as you wish"]) as twin:
        twin.chat("write bread into my notes")
        reply = twin.answer(approved=False, why="I have bread")
    assert reply.steps[0]["ended"] == "refused"
    assert "I have bread" in reply.findings[0]["content"]
    assert not (tmp_path / "files" / "notes.txt").exists()


def test_nothing_outside_the_allowed_folders_is_touched(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere.txt"
    secret.write_text("secret")
    tries = [use("fs_read", path=str(secret)), use("fs_read", path="../elsewhere.txt")]
    with scripted(tmp_path / "home", orchestrator=[WORK, *tries, note("no")], persona=["I may not"]) as twin:
        reply = twin.chat("read it")
    assert [step["ended"] for step in reply.steps] == ["refused", "refused"]
    assert "secret" not in json.dumps([step["output"] for step in reply.steps])


def test_a_run_may_be_trusted_less(tmp_path: Path) -> None:
    wanted = use("task_create", title="water the plants")
    with scripted(tmp_path, orchestrator=[WORK, wanted, note("I may not")], persona=["I may only look"]) as twin:
        reply = twin.chat("remind me to water the plants", trust="observe")
    assert (reply.steps, reply.findings[0]["content"]) == ([], "In short: I may not")


def test_emulation_has_no_tools(tmp_path: Path) -> None:
    with scripted(tmp_path, persona=["hello"]) as twin:
        reply = twin.chat("/tools list my files", mode="emulation")
    assert reply.steps == []
