from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metahuman.state.errors import StoreError
from metahuman.tools.begun import Begun, hash_of, key_of
from metahuman.tools.journal import Journal


def begun(**changes: Any) -> Begun:
    ruling = {"verdict": "allow", "rule": "r", "why": "w", "risk": "low"}
    given = {
        "execution": "e1", "thread": "main", "turn": "t", "call": "c", "tool": "put", "said": "{}", "arguments": "h",
        "mode": "dual", "effect": "write", "files": True, "ruling": ruling, "approved_by": "ann", "begun": 5.0,
    }  # fmt: skip
    return Begun(**{**given, **changes})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "actions.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    one = Journal(path, path.parent / "locks")
    yield one
    one.close()


def another(path: Path) -> Journal:
    return Journal(path, path.parent / "locks")


@pytest.mark.parametrize("effect", ["read", "write"])
def test_a_call_is_begun_once_and_ends_once(journal: Journal, effect: Any) -> None:
    one = begun(effect=effect)
    assert journal.find(one.key) is None
    assert journal.begin(one) is None
    known = journal.begin(begun(effect=effect, execution="e2"))
    assert known is not None
    assert (known.call, known.ended, known.outcome) == (one, None, None)
    assert journal.end(one, "done", {"output": None, "error": None})
    assert not journal.end(one, "failed", {})
    known = journal.find(one.key)
    assert known is not None
    assert (known.ended, known.outcome) == ("done", {"output": None, "error": None})


def test_a_call_that_was_taken_out_may_be_begun_again(journal: Journal) -> None:
    journal.begin(begun())
    assert not journal.drop(begun(execution="e2"))
    assert journal.drop(begun())
    assert journal.begin(begun(execution="e2")) is None


def test_it_is_the_owners_and_goes_on_after_a_restart(journal: Journal, path: Path) -> None:
    journal.begin(begun())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    journal.close()
    assert another(path).find(begun().key) is not None
    assert journal.find(begun().key) is not None  # it opens again when it is needed


def test_what_runs_is_not_left_and_what_a_process_left_is(journal: Journal, path: Path) -> None:
    other = another(path)
    with journal.running("e1"):
        journal.begin(begun())
        assert journal.left() == other.left() == []
    assert [known.call.execution for known in journal.left()] == ["e1"]
    assert other.left() == []  # that process is still there, and sees to it
    journal.close()
    (known,) = other.left()
    assert not other.runs(known)
    other.close()


def test_what_has_ended_is_left_until_the_audit_has_it(journal: Journal) -> None:
    journal.begin(begun())
    journal.end(begun(), "done", {})
    assert [known.ended for known in journal.left()] == ["done"]
    journal.tell(begun())
    assert journal.left() == []


def test_what_tools_brought_can_be_forgotten_and_that_they_were_called_not(journal: Journal) -> None:
    calls = [begun(execution=str(n), call=str(n), thread=thread, begun=n) for n, thread in enumerate("aabb")]
    for one in calls:
        journal.begin(one)
        journal.end(one, "done", {"output": "words"})

    def kept() -> list[bool]:
        return [known is not None and known.outcome is not None for known in map(journal.find, (c.key for c in calls))]

    journal.forget(before=1)
    assert kept() == [False, True, True, True]
    journal.forget(thread="b")
    assert kept() == [False, True, False, False]
    assert all(journal.begin(one) is not None for one in calls)


def test_a_file_of_a_newer_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="a newer version"):
        another(path).begin(begun())


def test_hashes_do_not_depend_on_how_json_is_written() -> None:
    assert hash_of({"b": [1, "ü"], "a": None}) == hash_of({"a": None, "b": [1, "ü"]})
    assert hash_of({"a": 1}) != hash_of({"a": "1"})
    assert len(hash_of("half \ud83d")) == 64
    assert key_of(None, "t", "c") != key_of("", "t", "c") != key_of("t", "c", "")
