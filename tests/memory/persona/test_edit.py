"""How the owner changes `core.json`: what a typed value means, and that nobody's changes are lost."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.editing import changed_keys
from metahuman.memory.persona.edit import Draft, change_core, with_value
from metahuman.state.errors import BadChoice, SettingError, StoreError
from tests.fakes import NOON
from tests.memory.persona.test_files import persona

CORE = Path("core.json")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("identity.name", "Ada", "Ada"),
        ("identity.name", "42", "42"),
        ("identity.name", '"null"', "null"),
        ("background.narrative", "Born in London, loves tea", "Born in London, loves tea"),
        ("personality.interests", "chess, tea", ["chess", "tea"]),
        ("personality.interests", '["a, b"]', ["a, b"]),
        ("personality.traits.openness", "0.7", 0.7),
        ("context.currentFocus", "the engine", ["the engine"]),
        ("goals.shortTerm", "rest, read", ["rest", "read"]),
        ("mood.today", "calm", "calm"),
        ("mood.level", "3", 3),
    ],
)
def test_a_typed_value_is_what_its_key_wants(key: str, text: str, value: object) -> None:
    found: Any = with_value({}, key, text, CORE)
    for part in key.split("."):
        found = found[part]
    assert found == value


def test_a_value_inside_a_list_is_reached_by_its_number_and_null_takes_out() -> None:
    core = {"values": {"core": [{"value": "a"}, {"value": "b"}], "boundaries": ["x"]}}
    assert with_value(core, "values.core.1.value", "c", CORE)["values"]["core"] == [{"value": "a"}, {"value": "c"}]
    assert with_value(core, "values.core.0", "null", CORE)["values"]["core"] == [{"value": "b"}]
    assert with_value(core, "values.boundaries", "null", CORE)["values"] == {"core": core["values"]["core"]}
    assert core["values"]["boundaries"] == ["x"]


@pytest.mark.parametrize(
    ("key", "text", "line"),
    [
        ("personality.traits.openness", "1.5", "personality.traits.openness: too large; write a number from 0 to 1"),
        ("personality.traits.openness", "high", "personality.traits.openness: not a number; "),
        ("identity", "Ada", "identity: not an object; "),
        ("identity.name.first", "Ada", "identity.name.first: there is nothing inside a str; "),
        ("values.core.3.value", "x", "values.core.3.value: no item 3 in a list of 1; "),
        ("values.core.first", "x", "values.core.first: no item first in a list of 1; "),
    ],
)
def test_what_does_not_fit_is_named(key: str, text: str, line: str) -> None:
    with pytest.raises(SettingError) as raised:
        with_value({"identity": {"name": "a"}, "values": {"core": ["x"]}}, key, text, CORE)
    assert str(raised.value).startswith(f"core.json: {line}")


@pytest.mark.parametrize("key", ["", ".", "identity.", ".name"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(BadChoice, match=r"is no key; write one like identity\.name"):
        with_value({}, key, "x", CORE)


def test_a_mistake_elsewhere_in_the_file_stops_no_other_change() -> None:
    assert with_value({"goals": 3}, "identity.name", "Ada", CORE)["identity"] == {"name": "Ada"}


def test_a_change_starts_from_the_shipped_persona_and_names_its_keys(tmp_path: Path) -> None:
    known = persona(tmp_path)
    change = partial(with_value, key="identity.role", text="a poet", path=known.path)
    assert change_core(known, change, NOON) == ["identity.role"]
    written = json.loads(known.path.read_text())
    assert written["identity"] == {"name": "MetaHuman", "role": "a poet"}
    assert written["lastUpdated"] == "2026-05-17T12:00:00.000Z"
    assert change_core(known, change, NOON) == []


def test_the_keys_that_differ_are_named() -> None:
    assert changed_keys({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"b": 1, "c": [2]}, "e": 1}) == ["a.c", "d", "e"]


def test_a_draft_takes_the_files_place_once_it_is_right(tmp_path: Path) -> None:
    known = persona(tmp_path, core={"identity": {"name": "Ada"}, "kept": 1})
    draft = Draft(known)
    draft.begin()
    draft.path.write_text('{"identity": {"name": ')
    assert [one.level for one in draft.problems()] == ["error"]
    draft.path.write_text('{"identity": {"name": "Zoë"}, "kept": 1}')
    assert draft.problems() == []
    assert draft.finish(NOON) == ["identity.name"]
    assert known.core()["identity"] == {"name": "Zoë"}
    assert not draft.path.exists()


def test_a_draft_overwrites_nobodys_changes(tmp_path: Path) -> None:
    known = persona(tmp_path, core={"identity": {"name": "Ada"}})
    draft = Draft(known)
    draft.begin()
    draft.path.write_text('{"identity": {"name": "mine"}}')
    known.path.write_text('{"identity": {"name": "theirs"}}')
    with pytest.raises(StoreError, match="was changed by somebody else in the meantime; your changes are in "):
        draft.finish(NOON)
    assert known.core() == {"identity": {"name": "theirs"}}
    assert "mine" in draft.path.read_text()


def test_a_broken_file_is_mended_through_its_draft(tmp_path: Path) -> None:
    known = persona(tmp_path)
    known.path.write_text('{"identity": ')
    draft = Draft(known)
    draft.begin()
    assert draft.path.read_text() == '{"identity": '
    draft.path.write_text('{"identity": {}}')
    assert draft.finish(NOON) == ["identity"]
    assert known.core()["identity"] == {}
