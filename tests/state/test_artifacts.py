"""What specialists make: names that are safe, what a thread keeps, what the persona is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.state.artifacts import (
    CHARACTERS,
    ENDING,
    KEPT,
    NAME,
    CodeFile,
    Kept,
    Words,
    brief,
    file_name,
    keep,
    named,
)


def words(text: str, name: str = "a.txt", problem: str | None = None) -> Words:
    return Words(kind="text", name=name, text=text, problem=problem)


def kept(turn: int, job: int = 0, text: str = "x") -> Kept:
    return Kept(turn=f"q{turn}", job=str(job), artifact=words(text))


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("search.py", "search.py"),
        ("src/app/search.py", "search.py"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.py", "a.py"),
        ("..", "else.txt"),
        ("", "else.txt"),
        (" / ", "else.txt"),
        ("-rf", "rf"),
        (".bashrc", "bashrc"),
        ("...a..", "a"),
        ("a..py", "a.py"),
        ("__init__.py", "__init__.py"),
        ("my file (2).txt", "my-file-2.txt"),
        ("a\x00b\n.py", "a-b.py"),
        ("\u202egnp.exe", "gnp.exe"),
        ("Übung.md", "Übung.md"),
        ("~root", "root"),
        ("$(rm).sh", "rm.sh"),
        ("x" * 300 + ".py", "x" * NAME + ".py"),
        ("a." + "b" * 300, "a." + "b" * ENDING),
    ],
)
def test_a_file_name_is_plain(wanted: str, name: str) -> None:
    assert file_name(wanted, "else.txt") == name


@settings(derandomize=True, database=None)
@given(
    st.text(st.characters(exclude_categories=()))
    | st.lists(st.sampled_from("./\\-~ aé\x00\ud800\U0001d518")).map("".join)
)
def test_whatever_is_wanted_no_file_name_is_a_path_hidden_or_empty(wanted: str) -> None:
    name = file_name(wanted, "else.txt")
    assert name
    assert name not in (".", "..")
    assert not name.startswith((".", "-", "~"))
    assert not set(name) & set("/\\\x00\n\r\t :*?\"'<>|")
    assert Path(name).name == name
    assert len(name.encode()) <= 255 - len("..12345678.tmp") - len("-10")
    assert file_name(name, "else.txt") == name


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("write a search tool", "search-tool.py"),
        ("do it", "untitled.py"),
        ("", "untitled.py"),
        ("../..", "untitled.py"),
    ],
)
def test_a_file_without_a_name_is_called_after_its_topics(task: str, name: str) -> None:
    assert named(task, ".py") == name


def test_code_is_told_by_its_outline_and_all_else_whole() -> None:
    code = CodeFile(
        kind="code", name="a.py", language="python", text="def f(): pass\n", defines=["f"], problem="a.py: line 9"
    )
    assert brief(code) == "a.py (python, 1 line, defines f) [but: a.py: line 9]"
    assert brief(CodeFile(**{**code, "language": "", "defines": [], "problem": None})) == "a.py (1 line)"
    assert brief(words("clean\n")) == "clean"
    assert brief(words("clean\n", problem="too long")) == "clean [but: too long]"


def test_the_oldest_go_first_when_there_are_too_many() -> None:
    left = keep([kept(turn) for turn in range(KEPT + 5)], [kept(99)])
    assert [one["turn"] for one in left] == [*(f"q{turn}" for turn in range(6, KEPT + 5)), "q99"]


def test_the_oldest_go_first_when_they_are_too_long() -> None:
    half = "x" * (CHARACTERS // 2)
    assert [one["turn"] for one in keep([kept(1, text=half), kept(2, text=half)], [kept(3)])] == ["q2", "q3"]


def test_all_of_the_latest_turn_stay_however_many_they_are() -> None:
    new = [kept(2, job, "x" * CHARACTERS) for job in range(KEPT + 3)]
    assert keep([kept(1)], new) == new


def test_what_is_made_anew_replaces_all_that_its_job_made_before() -> None:
    before = [kept(1, 0, "old"), kept(1, 0, "old too"), kept(1, 1, "other")]
    assert [one["artifact"]["text"] for one in keep(before, [kept(1, 0, "new")])] == ["other", "new"]


@settings(derandomize=True, database=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, CHARACTERS)), max_size=30),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, CHARACTERS)), max_size=20),
)
def test_a_thread_keeps_no_more_than_it_may_and_never_changes_the_order(
    before: list[tuple[int, int, int]], new: list[tuple[int, int]]
) -> None:
    old = [kept(turn, job, "x" * size) for turn, job, size in sorted(before)]
    fresh = [kept(5, job, "x" * size) for job, size in new]
    left = keep(old, fresh)
    assert left == [*old, *fresh][len(old) + len(fresh) - len(left) :]
    latest = [one for one in left if one["turn"] == left[-1]["turn"]]
    assert left == latest or (len(left) <= KEPT and sum(len(one["artifact"]["text"]) for one in left) <= CHARACTERS)
