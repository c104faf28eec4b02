"""Datasets chosen from pairs: by age, none twice, the two sides apart, and always the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.memory.dataset.assembling import Dataset, Wanted, assembled
from metahuman.memory.dataset.choosing import chosen, weighed
from metahuman.memory.dataset.settings import load_settings
from metahuman.memory.dataset.splitting import split_of
from metahuman.state.curating import Pair
from metahuman.state.errors import BadChoice, SettingError
from tests.curated import as_it_is, curated, home_with, shelve, there
from tests.homes import files


def pair(name: str, day: int, said: str = "", split: str = "train") -> Pair:
    about = {"sourceId": name, "timestamp": f"2026-05-{day:02}T00:00:00.000Z", "split": split, "conversationId": ""}
    texts = (said or f"I like {name} and nothing else but {name}", f"so you do, {name} it is")
    roles = ("user", "assistant")
    return Pair(messages=[{"role": r, "content": t} for r, t in zip(roles, texts, strict=True)], metadata=about)


def build(home: Path, look: Any = None, **wanted: Any) -> Dataset:
    return assembled(home, Wanted(**wanted), look or there())


def test_a_weight_halves_with_each_half_life() -> None:
    found = weighed([pair("old", 1), pair("new", 29), pair("mid", 15)], 14)
    assert [(one.age, one.weight) for one in found] == [(28, 0.25), (0, 1), (14, 0.5)]


def test_newer_ones_are_likelier_to_be_chosen_but_not_sure_to_be() -> None:
    rows = [pair(f"evt-{day}-{number}", day) for day in (1, 29) for number in range(200)]
    for half_life, share in ((14, 0.8), (7, 16 / 17), (1000, 0.505)):
        days = [one.row["metadata"]["timestamp"][8:10] for one in chosen(rows, half_life=half_life, limit=50).rows]
        assert days.count("29") / 50 == pytest.approx(share, abs=0.15)


def test_no_weight_is_too_small_to_count() -> None:
    rows = [pair(f"evt-{number}", 1 + number % 28) for number in range(40)]
    for row in rows[20:]:
        row["metadata"]["timestamp"] = row["metadata"]["timestamp"].replace("2026", "1926")
    found = chosen(rows, half_life=0.01, limit=30).rows
    assert len(found) == 30
    assert sum(one.row["metadata"]["timestamp"].startswith("2026") for one in found) == 20


def test_of_what_is_nearly_the_same_the_held_out_stays_else_the_newest() -> None:
    said = "on Sundays I bake bread with my sister and we give half of it to the neighbours"
    rows = [pair("a", 1, said), pair("b", 2, said), pair("c", 3, "something else")]
    rows = [{**row, "messages": [row["messages"][0], rows[0]["messages"][1]]} for row in rows]
    found = chosen(rows, half_life=14, limit=9)
    assert ([one.row["metadata"]["sourceId"] for one in found.rows], found.doubles) == (["b", "c"], 1)
    rows[0]["metadata"]["split"] = "held-out"
    assert [one.row["metadata"]["sourceId"] for one in chosen(rows, half_life=14, limit=9).rows] == ["a", "c"]


@given(st.text(), st.text(), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_conversation_never_moves(name: str, salt: str, one: float, other: float) -> None:
    assert split_of(name, salt, one) == split_of(name, salt, one)
    if split_of(name, salt, min(one, other)) == "held-out":
        assert split_of(name, salt, max(one, other)) == "held-out"


def test_the_share_held_out_is_the_one_asked_for() -> None:
    assert sum(split_of(f"c{n}", "metahuman", 0.1) == "held-out" for n in range(10_000)) == pytest.approx(1000, abs=100)


def test_a_dataset_is_the_same_byte_for_byte_and_no_conversation_is_on_both_sides(tmp_path: Path) -> None:
    home_with(tmp_path, 60)
    look = as_it_is(tmp_path)
    first = build(tmp_path, look, limit=40, name="one")
    before = files(tmp_path)
    assert build(tmp_path, look, limit=40, name="one") == first
    assert files(tmp_path) == before
    (tmp_path / "state" / "curated-pairs.json").unlink()
    assert build(tmp_path, look, limit=40, name="one").files == first.files
    sides = {name: {json.loads(line)["metadata"]["conversationId"] for line in data.splitlines()}
             for name, data in first.files.items() if name != "card.json"}  # fmt: skip
    assert not sides["train.jsonl"] & sides["held-out.jsonl"]
    assert all(sides.values())


def test_the_card_says_what_is_in_it_and_where_the_rest_went(tmp_path: Path) -> None:
    several = [curated(f"evt-{n}", userMessage=f"I like {n} and {n * 7}") for n in range(12)]
    shelve(tmp_path, *several, curated("odd", flags=["other"]), curated("x-1", userMessage="I sing, x"))
    shelve(tmp_path, {**curated("x-1", userMessage="I sing, x"), "id": "x-2"})
    card = build(tmp_path, limit=11, since=None).card
    assert card["name"] == "persona-2026-11-22"
    assert (card["curated"], card["pairs"], card["chosen"]) == (15, 14, 11)
    assert card["leftOut"]["flagged"] == 1
    assert sum(card["leftOut"].values()) == 15 - 11
    assert sum(group["pairs"] for group in card["ages"]) == 11
    assert sum(side["pairs"] for side in card["sides"].values()) == len(card["memoryIds"]) == 11
    assert card["curators"] == {"qwen3:14b": 11}
    assert card["settings"]["limit"] == 11


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (lambda _: None, "its memory is gone"),
        (there(consent=False), "its memory may not be trained on"),
        (there(type="dream"), "its memory is inner life"),
        (there(hash="cd"), "its memory was edited since"),
    ],
)
def test_what_its_memory_no_longer_says_is_left_out(tmp_path: Path, now: Any, why: str) -> None:
    shelve(tmp_path, curated("evt-1"), curated("evt-2"))
    card = build(tmp_path, lambda name: now(name) if name == "evt-1" else there()(name)).card
    assert (card["memoryIds"], card["leftOut"]) == (["evt-2"], {why: 1})


def test_nothing_to_build_from_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(BadChoice, match="no curated memories yet"):
        build(tmp_path / "home")
    assert not (tmp_path / "home").exists()
    shelve(tmp_path, curated(flags=["other"]))
    with pytest.raises(BadChoice, match="`metahuman dataset review` shows why"):
        build(tmp_path)
    shelve(tmp_path, curated())
    with pytest.raises(BadChoice, match="no dataset can be called"):
        build(tmp_path, name="../x")
    with pytest.raises(BadChoice, match="no pair is left"):
        build(tmp_path, lambda _: None)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"halfLifeDays": 0}, "halfLifeDays"),
        ({"heldOut": 0.9}, "heldOut"),
        ({"limit": "many"}, "limit"),
        ({"salt": 1}, "salt"),
    ],
)
def test_a_wrong_setting_is_one_line(tmp_path: Path, content: dict[str, Any], key: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "adapter-builder.json").write_text(json.dumps(content))
    with pytest.raises(SettingError, match=f"adapter-builder.json: {key}: .*; see docs/datasets.md"):
        load_settings(tmp_path)


def test_the_owners_settings_lie_over_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "adapter-builder.json").write_text('{"halfLifeDays": 30, "theirs": 1}')
    found = load_settings(tmp_path)
    assert (found.half_life_days, found.limit, found.held_out) == (30, 2000, 0.1)
