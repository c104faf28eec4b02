"""A memory changed key by key, so that no other change is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.memory.hygiene.edits import facts_of, noted
from metahuman.memory.revising import MemoryCopy, memory_problems, patch_between, revise
from metahuman.memory.store.episodic import patched
from metahuman.state.errors import SettingError, StoreError
from tests.fakes import NOON
from tests.keepers import a_memory, keeper_of

FILE = Path("one")
SCALARS = st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
OBJECTS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(st.sampled_from("abc"), SCALARS, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner | SCALARS, max_size=3),
    max_leaves=6,
)


@given(OBJECTS, OBJECTS)
def test_a_patch_makes_one_object_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert patched(before, patch_between(before, after)) == after
    assert patch_between(before, before) == {}


def test_two_changes_to_different_keys_are_both_kept(tmp_path: Path) -> None:
    with keeper_of(tmp_path) as keeper:
        keeper.save(a_memory("one", "tea", ours="kept"))
        before = keeper.read("one")
        keeper.edit("one", {"metadata": {"seen": 2}})
        assert revise(keeper, before, before.as_json() | {"content": "coffee"}, FILE) == ["content"]
        after = keeper.read("one")
    assert (after.content, after.metadata.seen, after.model_extra) == ("coffee", 2, {"ours": "kept"})


def test_two_changes_to_one_key_are_refused(tmp_path: Path) -> None:
    with keeper_of(tmp_path) as keeper:
        keeper.save(a_memory("one", "tea"))
        before = keeper.read("one")
        keeper.edit("one", {"content": "milk"})
        with pytest.raises(StoreError, match="one: content was changed by somebody else in the meantime; "):
            revise(keeper, before, before.as_json() | {"content": "coffee"}, FILE)
        assert keeper.read("one").content == "milk"


def test_what_is_no_memory_is_refused(tmp_path: Path) -> None:
    with keeper_of(tmp_path) as keeper:
        keeper.save(a_memory("one", "tea"))
        with pytest.raises(SettingError, match="one: timestamp: "):
            revise(keeper, keeper.read("one"), {"id": "one", "content": "x"}, FILE)


def test_other_words_state_other_facts_and_what_had_ended_stays_ended(tmp_path: Path) -> None:
    rows = [{"subject": "owner", "attribute": "home", "value": "lisbon", "until": "2026-01-01T00:00:00Z", "by": "two"}]
    with keeper_of(tmp_path) as keeper:
        keeper.save(noted(a_memory("one", "I live in Lisbon"), {"facts": rows}))
        before = keeper.read("one")
        content = before.as_json() | {"content": "I live in Oslo"}
        assert revise(keeper, before, content, FILE) == ["content", "metadata.facts"]
        [(fact, until)] = facts_of(keeper.read("one"))
    assert (fact.value, until) == ("oslo", "2026-01-01T00:00:00Z")


def test_a_copy_is_checked_before_it_takes_the_memorys_place(tmp_path: Path) -> None:
    with keeper_of(tmp_path) as keeper:
        keeper.save(a_memory("one", "tea"))
        copy = MemoryCopy(keeper, "one", tmp_path / "draft.json")
        copy.begin()
        text = copy.path.read_text()
        copy.path.write_text(text.replace('"one"', '"two"'))
        assert [one.key for one in copy.problems()] == ["id"]
        copy.path.write_text(text.replace("tea", "coffee"))
        assert copy.problems() == []
        assert copy.finish(NOON) == ["content"]
        assert keeper.read("one").content == "coffee"
    assert not copy.path.exists()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({}, None),
        ({"content": 3}, "content"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"valid_until": "x"}}, "metadata.valid_until"),
        ({"metadata": None}, None),
        ({"timestamp": "0000"}, "timestamp"),
    ],
)
def test_what_is_wrong_is_named_by_key(change: dict[str, Any], key: str | None) -> None:
    found = memory_problems(a_memory("one").as_json() | change, FILE, "one")
    assert [one.key for one in found] == ([key] if key else [])
