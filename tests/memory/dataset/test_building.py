"""Pairs made from curated memories, whatever somebody has written into these."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.memory.curation.identifiers import identifiers_in
from metahuman.memory.curation.preparing import NO_CONSENT
from metahuman.memory.curation.secrets import secrets_in
from metahuman.memory.dataset.building import brought_up, rebuild
from tests.curated import curated, names, put, rows, shelve
from tests.homes import files

KEY = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
CARD = "4111 1111 1111 1111"
DAY = "persona-training-2026-11-22.jsonl"


def test_a_home_without_curated_memories_stays_as_it_is(tmp_path: Path) -> None:
    assert rebuild(tmp_path / "home") == 0
    assert not (tmp_path / "home").exists()


def test_a_row_tells_what_was_said_and_where_it_is_from(tmp_path: Path) -> None:
    one = curated()
    shelve(tmp_path, one)
    assert rebuild(tmp_path) == 1
    [row] = rows(tmp_path)[DAY]
    assert row["messages"] == [
        {"role": "user", "content": one["userMessage"]},
        {"role": "assistant", "content": one["assistantResponse"]},
    ]
    gates, split = row["metadata"].pop("gates"), row["metadata"].pop("split")
    assert (len(gates), split in ("train", "held-out")) == (12, True)
    assert row["metadata"] == {
        "sourceId": "evt-1",
        "type": "conversation",
        "words": "own",
        "timestamp": "2026-05-17T12:00:00.000Z",
        "curatedAt": "2026-11-22T10:00:00.000Z",
        "conversationId": "main",
        "sourceHash": "ab" * 32,
        "curator": {"model": "qwen3:14b"},
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"suitableForTraining": False},
        {"suitableForTraining": 1},
        {"suitableForTraining": "true"},
        {"refused": ["dense 0.2 is below 0.3"]},
        {"refused": "yes"},
        {"flags": ["sensitive-data"]},
        {"flags": ["Anything"]},
        {"flags": {"sensitive": True}},
        {"flags": [None]},
        {"userMessage": ""},
        {"assistantResponse": " \n"},
        {"assistantResponse": None},
        {"userMessage": ["I bake bread"]},
        {"userMessage": f"my key is {KEY}"},
        {"assistantResponse": f"you paid with {CARD}, did you?"},
        {"userMessage": "so " * 10_000},
        {"assistantResponse": '<tool_call>{"name": "fs_read", "arguments": {"path": "a"}}</tool_call>'},
        {"conversationId": KEY},
        {"conversationId": "c" * 1000},
        {"id": "../evt-1"},
        {"id": KEY},
        {"id": 5},
        {"curatedAt": "yesterday"},
        {"curatedAt": "0001-01-01T00:00:00+14:00"},
        {"originalTimestamp": None},
        {"review": {"verdict": "drop"}},
        {"review": {"verdict": "KEEP"}},
        {"review": "keep"},
        {"review": {"verdict": "edit", "userMessage": KEY}},
        {"review": {"verdict": "keep"}, "userMessage": f"my key is {KEY}"},
        {"review": {"verdict": "keep"}, "refused": [NO_CONSENT]},
    ],
)
def test_what_may_not_be_trained_on_is_no_row(tmp_path: Path, changed: dict[str, Any]) -> None:
    put(tmp_path, "2026-11-22-evt-1.json", json.dumps(curated(**changed)))
    shelve(tmp_path, curated("evt-2"))
    assert (rebuild(tmp_path), names(tmp_path)) == (1, ["evt-2"])
    assert all(entry.pairs or entry.reasons for entry in brought_up(tmp_path).files.values())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"id": ' + "[" * 5000, b"\xff\xfe", '{"a": 1' + "0" * 5000 + "}"]
)
def test_a_broken_file_is_passed_over_and_left(tmp_path: Path, text: str | bytes) -> None:
    path = put(tmp_path, "2026-11-22-evt-1.json", text)
    before = path.read_bytes()
    shelve(tmp_path, curated("evt-2"))
    assert (rebuild(tmp_path), names(tmp_path), path.read_bytes()) == (1, ["evt-2"], before)


def test_a_copy_of_an_older_system_gives_a_row_too(tmp_path: Path) -> None:
    plan = ("id", "originalTimestamp", "userMessage", "assistantResponse", "curatedAt", "flags", "suitableForTraining")
    shelve(tmp_path, {key: curated()[key] for key in plan})
    assert rebuild(tmp_path) == 1
    about = rows(tmp_path)[DAY][0]["metadata"]
    assert (about["sourceHash"], about["curator"], about["conversationId"]) == ("", {}, "")


@pytest.mark.parametrize("changed", [{"refused": ["dense 0.2 is below 0.3"]}, {"flags": ["other"]}])
def test_the_owners_word_counts_more_than_the_curators(tmp_path: Path, changed: dict[str, Any]) -> None:
    shelve(tmp_path, curated(**changed, suitableForTraining=False, review={"verdict": "keep"}))
    assert rebuild(tmp_path) == 1
    said = {"verdict": "edit", "userMessage": "I sing.", "assistantResponse": "You do."}
    shelve(tmp_path, curated(**changed, suitableForTraining=False, review=said))
    assert rebuild(tmp_path) == 1
    [row] = rows(tmp_path)[DAY]
    assert [one["content"] for one in row["messages"]] == ["I sing.", "You do."]
    assert row["metadata"]["review"] == "edit"


def test_nothing_is_read_or_written_again_where_nothing_changed(tmp_path: Path) -> None:
    paths = shelve(tmp_path, curated("evt-1"), curated("evt-2"))
    rebuild(tmp_path)
    before = {place: (tmp_path / place).stat().st_mtime_ns for place in files(tmp_path)}
    found = paths[0].stat()
    paths[0].write_bytes(b"x" * found.st_size)  # whoever read it again would see that it is no JSON
    os.utime(paths[0], ns=(found.st_atime_ns, found.st_mtime_ns))
    assert rebuild(tmp_path) == 2
    assert {place: (tmp_path / place).stat().st_mtime_ns for place in files(tmp_path)} == before


def test_what_changed_comes_and_goes_and_the_rest_stays(tmp_path: Path) -> None:
    first, second = shelve(tmp_path, curated("evt-1"), curated("evt-2"))
    shelve(tmp_path, curated("evt-3", curatedAt="2026-11-23T10:00:00.000Z"))
    assert rebuild(tmp_path) == 3
    other = tmp_path / "memory" / "curated" / "training-datasets" / "persona-training-2026-11-23.jsonl"
    before = other.stat().st_mtime_ns
    shelve(tmp_path, curated("evt-1", userMessage="I sing with my sister on Sundays."))
    second.unlink()
    assert (rebuild(tmp_path), names(tmp_path), other.stat().st_mtime_ns) == (2, ["evt-1", "evt-3"], before)
    assert rows(tmp_path)[DAY][0]["messages"][0]["content"].startswith("I sing")
    first.unlink()
    assert (rebuild(tmp_path), list(rows(tmp_path))) == (1, [other.name])


def test_it_is_the_same_whatever_was_known_before(tmp_path: Path) -> None:
    for number in range(6):
        shelve(tmp_path, curated(f"evt-{number}", conversationId=f"c{number}"))
        rebuild(tmp_path)
    before = rows(tmp_path)
    known = tmp_path / "state" / "curated-pairs.json"
    for text in ("{", '{"files": []}', "[]", known.read_text().replace('"days"', '"daze"')):
        known.write_text(text)
        assert (rebuild(tmp_path), rows(tmp_path)) == (6, before)
    known.unlink()
    with ThreadPoolExecutor(2) as gates:
        assert (rebuild(tmp_path, gates), rows(tmp_path)) == (6, before)


def test_of_a_memory_that_was_curated_twice_the_latest_counts(tmp_path: Path) -> None:
    shelve(tmp_path, curated(), curated(curatedAt="2026-11-23T10:00:00.000Z", refused=["nearly the same is there"]))
    assert rebuild(tmp_path) == 0
    assert rows(tmp_path) == {}


def test_lines_of_others_are_kept_elsewhere_before_their_file_is_written_anew(tmp_path: Path) -> None:
    folder = tmp_path / "memory" / "curated" / "training-datasets"
    folder.mkdir(parents=True)
    theirs = b'{"messages": [], "metadata": {"sourceId": "evt-9"}}\n{"broken'
    (folder / DAY).write_bytes(theirs)
    shelve(tmp_path, curated())
    assert (rebuild(tmp_path), [row["metadata"]["sourceId"] for row in rows(tmp_path)[DAY]]) == (1, ["evt-1"])
    assert [path.read_bytes() for path in (tmp_path / "memory" / "curated" / "earlier-datasets").iterdir()] == [theirs]


def test_a_line_has_one_end_for_every_reader(tmp_path: Path) -> None:
    said = "one\u2028two\u2029three\x85four\x1cfive\x0bsix\r\nseven, I bake bread"
    shelve(tmp_path, curated(userMessage=said))
    rebuild(tmp_path)
    text = (tmp_path / "memory" / "curated" / "training-datasets" / DAY).read_bytes().decode()
    assert len(text.splitlines()) == 1
    assert json.loads(text)["messages"][0]["content"] == said


HOSTILE = st.sampled_from(
    [KEY, CARD, f"my password is hunter2xyz, {CARD}", "DE89 3704 0044 0532 0130 00", "anna@example.org"]
)
TEXT = st.one_of(st.text(max_size=40), HOSTILE, st.just("I bake bread with my sister on Sundays."))
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3),
    max_leaves=6,
)
REVIEW = st.fixed_dictionaries(
    {"verdict": st.sampled_from(["keep", "edit", "drop", "no"])},
    optional={"userMessage": TEXT | VALUE, "assistantResponse": TEXT | VALUE},
)
CHANGED = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(curated(), VALUE | TEXT) | {"review": REVIEW | VALUE, KEY: VALUE}
)


@settings(max_examples=25)
@given(st.lists(CHANGED, max_size=3))
def test_nothing_flagged_is_in_any_dataset_ever(several: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        home = Path(folder)
        for number, changed in enumerate(several):
            put(home, f"2026-11-22-evt-{number}.json", json.dumps(curated(f"evt-{number}", **changed)))
        made = rebuild(home)
        found = [row for each in rows(home).values() for row in each]
        assert (len(found), rebuild(home)) == (made, made)
        for row in found:
            told = [one["content"] for one in row["messages"]] + [str(value) for value in row["metadata"].values()]
            assert not [one for text in told for one in (*secrets_in(text), *identifiers_in(text))]
            held_back = [one for number, one in enumerate(several) if row["metadata"]["sourceId"] == f"evt-{number}"]
            for changed in held_back if all("id" not in one and one.get("review") is None for one in several) else ():
                assert not changed.get("flags")
                assert not changed.get("refused")
                assert changed.get("suitableForTraining", True) is True
