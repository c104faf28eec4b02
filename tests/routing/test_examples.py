from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.routing.examples import Example, as_row, example_of, read_examples, singles
from metahuman.state.errors import StoreError
from metahuman.state.parts import DESTINATIONS, Task
from metahuman.state.routing import LAST_MESSAGES, Said, Situation
from tests.lessons import write_lines

GOOD = '{"text": "hello", "to": "conversation"}'
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TASKS = st.lists(
    st.builds(lambda to, text: Task(destination=to, task=text), st.sampled_from(DESTINATIONS), TEXTS),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "Expecting property name"),
        ("hello", "Expecting value"),
        ("null", "not subscriptable"),
        ('["text"]', "list indices"),
        ("{}", "lacks 'text'"),
        ('{"text": "a"}', "lacks 'to'"),
        ('{"text": 5, "to": "coder"}', "5 is no text"),
        ('{"text": "a", "to": "cook"}', "destination 'cook' is none of conversation, memory"),
        ('{"text": "a", "to": ["coder"]}', "destination .'coder'. is none of"),
        ('{"text": "a", "tasks": [{"destination": "coder"}]}', "lacks 'task'"),
        ('{"text": "a", "tasks": ["coder"]}', "string indices"),
        ('{"text": "a", "tasks": [{"destination": "coder", "task": null}]}', "None is no text"),
        ('{"text": "a", "to": "coder", "earlier": ["someone: hi"]}', "earlier 'someone' is none of owner, twin"),
        ('{"text": "a", "to": "coder", "earlier": ["hi"]}', "earlier 'hi' is none of"),
        ('{"text": "a", "to": "coder", "earlier": 1}', "not subscriptable"),
        ('{"text": "a", "to": "coder", "tools": [1]}', "1 is no text"),
        ('{"text": "a", "to": "coder", "focus": {}}', "is no text"),
        ('{"text": "a", "to": "coder", "urgency": "soon"}', "urgency 'soon' is none of low, normal, high"),
        ('{"text": "a", "to": "coder", "group": 7}', "7 is no text"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_bad_line_is_one_error_that_names_it(tmp_path: Path, line: str, told: str) -> None:
    path = write_lines(tmp_path / "e.jsonl", GOOD, "", line, GOOD)
    with pytest.raises(StoreError, match=rf"e\.jsonl: line 3: .*{told}.*; `to` is one of") as caught:
        read_examples(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none\.jsonl: cannot be read: No such file"):
        read_examples(tmp_path / "none.jsonl")
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe{}")
    with pytest.raises(StoreError, match="it is not UTF-8"):
        read_examples(tmp_path / "b.jsonl")


def test_a_line_says_what_went_before(tmp_path: Path) -> None:
    row = {
        "text": "do it",
        "to": "operator",
        "earlier": [f"owner: {number}" for number in range(LAST_MESSAGES)] + ["twin: shall I: now?"],
        "tools": ["ls: 2 files"],
        "focus": "files",
        "active": ["tidy up"],
        "urgency": "high",
    }
    (found,) = read_examples(write_lines(tmp_path / "e.jsonl", json.dumps(row)))
    assert found.situation.earlier[0] == Said("owner", "1")
    assert found.situation.earlier[-1] == Said("twin", "shall I: now?")
    assert len(found.situation.earlier) == LAST_MESSAGES
    assert (found.situation.tools, found.situation.focus, found.situation.active) == (
        ("ls: 2 files",), "files", ("tidy up",),
    )  # fmt: skip
    assert (found.label, found.urgency, found.own) == ("operator", "high", False)


def test_lines_end_where_json_says(tmp_path: Path) -> None:
    """A text may hold what some take for the end of a line."""
    text = "one\u2028two\u2029three\x85four"
    lines = [json.dumps({"text": text, "to": "coder"}, ensure_ascii=False), f"{GOOD}\r"]
    assert [one.situation.message for one in read_examples(write_lines(tmp_path / "e.jsonl", *lines))] == [
        text,
        "hello",
    ]


def test_half_a_character_is_made_whole(tmp_path: Path) -> None:
    """Neither an encoder nor a model's file takes one."""
    (found,) = read_examples(write_lines(tmp_path / "e.jsonl", r'{"text": "\ud83d", "to": "coder"}'))
    assert found.situation.message == "\ufffd"
    assert found.group.encode()


def test_examples_of_one_dialogue_or_one_beginning_are_a_group(tmp_path: Path) -> None:
    rows = [
        {"text": "a", "to": "coder", "dialogue": 1},
        {"text": "b", "to": "coder", "dialogue": 1},
        {"text": "Summarise this text, please: foo", "to": "summarizer"},
        {"text": "summarise THIS text, please: bar", "to": "summarizer"},
        {"text": "another", "to": "coder"},
    ]
    lines = list(map(json.dumps, rows))
    one, two, three, four, five = [found.group for found in read_examples(write_lines(tmp_path / "e.jsonl", *lines))]
    assert (one, three) == (two, four)
    assert len({one, three, five}) == 3
    assert read_examples(write_lines(tmp_path / "other.jsonl", *lines))[0].group != one


@given(TEXTS, TASKS, st.sampled_from(["low", "normal", "high"]), TEXTS, st.booleans())
def test_an_example_comes_back_from_its_line(text: str, tasks: list[Task], urgency: str, group: str, own: bool) -> None:
    given = Example(Situation(text), tuple(tasks), urgency, group, own)  # type: ignore[arg-type]
    assert example_of(json.loads(json.dumps(as_row(given))), "elsewhere") == given


def test_each_of_several_wishes_is_an_example_too() -> None:
    tasks = (Task(destination="memory", task="when was it"), Task(destination="operator", task="book it"))
    several = Example(Situation("when was it, and book it", (Said("twin", "Hm?"),)), tasks, group="g")
    single = Example(Situation("hello"), (Task(destination="conversation", task="hello"),), group="h")
    whole, first, second, last = singles([several, single])
    assert (whole, last) == (several, single)
    assert [one.situation for one in (first, second)] == [Situation("when was it"), Situation("book it")]
    assert [one.tasks for one in (first, second)] == [tasks[:1], tasks[1:]]
    assert {one.group for one in (whole, first, second)} == {"g"}


def test_destinations_are_named_once() -> None:
    tasks = tuple(Task(destination=to, task=to) for to in ("coder", "memory", "coder"))
    assert Example(Situation("x"), tasks).destinations == ("coder", "memory")
