"""Datasets checked, compared, reviewed and forgotten from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.curation.preparing import NO_CONSENT
from metahuman.memory.dataset.assembling import Wanted, assembled
from metahuman.memory.dataset.building import brought_up, rebuild
from metahuman.memory.dataset.checking import checked
from metahuman.memory.dataset.comparing import compared
from metahuman.memory.dataset.reviewing import items, say, waiting
from metahuman.memory.store.forgetting import forget
from metahuman.state.curating import ONE_SIDED
from metahuman.state.errors import BadChoice
from tests.curated import as_it_is, curated, home_with, names, shelve, there
from tests.homes import files
from tests.keepers import keeper_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CARD = "4111 1111 1111 1111"


def build(home: Path, name: str = "one", **wanted: Any) -> Path:
    return assembled(home, Wanted(name, **wanted), there_is).folder


there_is = there()


def whats_wrong(home: Path, path: Path | None = None, look: Any = there_is) -> set[str]:
    return {f"{one.file.rpartition('/')[2]}:{one.line}: {one.what}" for one in checked(home, look, path).problems}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a dataset whose two sides both have rows."""
    shelve(
        tmp_path, *(curated(f"evt-{n}", conversationId=f"c{n}", userMessage=f"I like {n} {n} {n}") for n in range(30))
    )
    build(tmp_path)
    return tmp_path


def test_a_dataset_that_was_just_built_is_sound(home: Path) -> None:
    found = checked(home, there_is)
    assert (found.problems, found.rows) == ([], 60)
    assert found.files[1:] == ["out/datasets/one/train.jsonl", "out/datasets/one/held-out.jsonl"]


def test_every_kind_of_wrong_row_is_named_with_its_line(home: Path) -> None:
    folder = home / "out" / "datasets" / "one"
    train = (folder / "train.jsonl").read_text().splitlines()
    held_out = (folder / "held-out.jsonl").read_text().splitlines()
    first = json.loads(train[0])
    first["messages"][1]["content"] = f"you paid with {CARD}"
    empty = json.loads(train[1]) | {"messages": []}
    other = json.loads(train[2]) | {
        "metadata": {"sourceId": "evt-x", "conversationId": json.loads(held_out[0])["metadata"]["conversationId"]}
    }
    other["messages"] = [{"role": "user", "content": "hello there"}, {"role": "assistant", "content": "hello to you"}]
    lines = [
        json.dumps(first),
        json.dumps(empty),
        json.dumps(other),
        "{cut",
        "[" * 3000,
        held_out[1],
        train[3],
        train[3],
    ]
    (folder / "train.jsonl").write_text("\n".join(lines))
    assert whats_wrong(home, folder) == {
        "train.jsonl:1: holds a secret or personal data: card",
        "train.jsonl:2: not a message and its answer",
        "train.jsonl:3: its conversation is held out elsewhere",
        "train.jsonl:4: not JSON",
        "train.jsonl:5: nested too deeply",
        "train.jsonl:6: its conversation is held out elsewhere",
        "held-out.jsonl:2: its memory has a row already: line 6 of out/datasets/one/train.jsonl",
        "train.jsonl:8: its memory has a row already: line 7 of out/datasets/one/train.jsonl",
        "card.json:0: train.jsonl is not as the card says: it was changed, or not written to its end",
    }


def test_what_became_of_the_memories_is_told(home: Path) -> None:
    def look(name: str) -> Any:
        changed = {"evt-1": {"hash": "cd"}, "evt-2": {"consent": False}}.get(name, {})
        return None if name == "evt-3" else there_is(name)._replace(**changed)

    told = {one.what for one in checked(home, look).problems}
    assert told == {"its memory was edited since", "its memory may not be trained on", "its memory is gone"}


def test_a_dataset_that_was_interrupted_or_has_a_broken_card_is_told(home: Path) -> None:
    card = home / "out" / "datasets" / "one" / "card.json"
    card.write_text("{")
    assert any("card.json:0: not JSON" in line for line in whats_wrong(home))
    card.unlink()
    assert whats_wrong(home) == {"card.json:0: is missing: the dataset was not written to its end; build it again"}
    with pytest.raises(BadChoice, match="there is no such file"):
        checked(home, there_is, home / "nowhere")


def test_two_datasets_are_compared_by_their_memories(home: Path) -> None:
    one, same = home / "out" / "datasets" / "one", build(home, "same")
    assert compared(one, same).alike
    shelve(
        home, curated("evt-0", conversationId="c0", userMessage="I like none"), curated("evt-99", conversationId="z")
    )
    (home / "memory" / "curated" / "conversations" / "2026-11-22-evt-1.json").unlink()
    found = compared(one, build(home, "other", half_life=7))
    assert (found.added, found.gone, found.changed, found.moved, found.same) == (
        ["evt-99"],
        ["evt-1"],
        ["evt-0"],
        [],
        28,
    )
    assert found.settings == {"halfLifeDays": (14, 7)}
    with pytest.raises(BadChoice, match="there is no dataset 'none'"):
        compared(one, one.parent / "none")


def test_what_was_held_back_waits_for_the_owner(tmp_path: Path) -> None:
    shelve(
        tmp_path,
        curated("good"),
        curated("flagged", flags=["other"]),
        curated("refused", refused=["dense 0.2 is below 0.3"]),
        curated("alone", assistantResponse="", refused=[ONE_SIDED]),
        curated("private", refused=[NO_CONSENT]),
        curated("dropped", review={"verdict": "drop"}),
    )
    assert waiting(brought_up(tmp_path)) == ["flagged", "refused"]
    assert [one.id for one in items(tmp_path)] == ["flagged", "refused"]
    assert len(items(tmp_path, everything=True)) == 6
    say(tmp_path, "flag", "keep", NOW)
    say(tmp_path, "refused", "drop", NOW)
    assert (names(tmp_path), items(tmp_path)) == (["flagged", "good"], [])
    say(tmp_path, "good", "edit", NOW, said="I sing.")
    kept = json.loads((tmp_path / "memory" / "curated" / "conversations" / "2026-11-22-good.json").read_text())
    assert kept["userMessage"] == curated("good")["userMessage"]
    assert kept["review"] == {
        "verdict": "edit",
        "by": "human",
        "at": "2026-11-23T12:00:00.000Z",
        "userMessage": "I sing.",
        "assistantResponse": kept["assistantResponse"],
    }


@pytest.mark.parametrize(
    ("word", "changed", "problem"),
    [
        ("evt-1", {"userMessage": f"I paid with {CARD}"}, "personal data or a secret: card; edit it, or drop it"),
        ("evt-1", {"refused": [NO_CONSENT]}, "let it be learned from first"),
        ("evt", {}, "may be any of 2 memories"),
        ("x", {}, "there is no curated memory 'x'"),
        ("", {}, "there is no curated memory ''"),
    ],
)
def test_a_word_that_cannot_hold_is_one_line_and_changes_nothing(
    tmp_path: Path, word: str, changed: dict[str, Any], problem: str
) -> None:
    shelve(tmp_path, curated("evt-1", **changed), curated("evt-2"))
    rebuild(tmp_path)
    before = files(tmp_path)
    with pytest.raises(BadChoice, match=problem):
        say(tmp_path, word, "keep", NOW)
    assert files(tmp_path) == before


def test_an_edit_may_bring_in_no_secret(tmp_path: Path) -> None:
    shelve(tmp_path, curated())
    with pytest.raises(BadChoice, match="card"):
        say(tmp_path, "evt-1", "edit", NOW, answered=f"use {CARD}")
    assert names(tmp_path) == ["evt-1"]


def test_a_forgotten_memory_leaves_every_dataset_and_these_say_so(tmp_path: Path) -> None:
    home_with(tmp_path, 30)
    with keeper_of(tmp_path) as keeper:
        folder = assembled(tmp_path, Wanted("one"), as_it_is(tmp_path)).folder
        gone = json.loads((folder / "train.jsonl").read_text().splitlines()[0])
        name, words = gone["metadata"]["sourceId"], gone["messages"][0]["content"]
        other = tmp_path / "out" / "datasets" / "other"
        other.mkdir()
        (other / "card.json").write_text("[")
        told = forget(keeper, tmp_path, name)
    assert set(told.rows) == {
        "memory/curated/training-datasets/persona-training-2026-11-22.jsonl",
        "out/datasets/one/train.jsonl",
    }
    assert words.encode() not in b"".join(files(tmp_path, but="state").values())
    card = json.loads((folder / "card.json").read_text())
    assert (card["tainted"]["memoryIds"], name in card["memoryIds"]) == ([name], False)
    (other / "card.json").unlink()
    other.rmdir()
    assert {
        one.what for one in checked(tmp_path, lambda one: None if one == name else as_it_is(tmp_path)(one)).problems
    } == {card["tainted"]["reason"]}
    assert name not in names(tmp_path)
