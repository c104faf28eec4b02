"""The persona's facets, in the layout that MetaHuman OS gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.persona.facets import Facets, merged
from metahuman.state.errors import BadChoice, SettingError
from tests.fakes import NOON

POET = {"$schema": "x", "facet": "poet", "description": "metaphors", "identity": {"role": "a poet"}}
LISTED: dict[str, Any] = {
    "version": "0.1.0",
    "activeFacet": "poet",
    "facets": {
        "default": {"name": "Default", "description": "Balanced", "personaFile": "core.json", "enabled": True},
        "poet": {"name": "Poet", "description": "Creative", "personaFile": "facets/poet.json", "enabled": True},
        "off": {"name": "Off", "personaFile": "facets/poet.json", "enabled": False},
        "gone": {"name": "Gone", "personaFile": "facets/gone.json"},
        "outside": {"personaFile": "../secret.json"},
        "odd": 3,
    },
}


def opened(tmp_path: Path, listed: object = LISTED, **files: object) -> Facets:
    folder = tmp_path / "persona"
    (folder / "facets").mkdir(parents=True)
    (tmp_path / "secret.json").write_text('{"identity": {"role": "a spy"}}')
    for name, content in files.items():
        (folder / "facets" / f"{name}.json").write_text(json.dumps(content))
    if listed is not None:
        (folder / "facets.json").write_text(json.dumps(listed))
    return Facets(folder)


def test_a_facet_of_metahuman_os_is_shown_as_it_is(tmp_path: Path) -> None:
    facets = opened(tmp_path, poet=POET)
    assert (facets.shown().id, facets.overrides(facets.shown())) == ("poet", {"identity": {"role": "a poet"}})
    assert facets.described(facets.shown()) == "Creative"


def test_without_any_file_the_core_alone_is_shown(tmp_path: Path) -> None:
    facets = opened(tmp_path, None)
    assert (facets.active(), facets.overrides(facets.shown())) == ("default", {})
    assert list(facets.all()) == ["default", "inactive"]


@pytest.mark.parametrize("name", ["nobody", "off", "gone", "outside", "odd", "", None, 3])
def test_a_facet_that_cannot_be_shown_leaves_the_core_alone(tmp_path: Path, name: object) -> None:
    facets = opened(tmp_path, {**LISTED, "activeFacet": name}, poet=POET)
    assert facets.overrides(facets.shown()) == {}


def test_a_file_is_a_facet_without_being_listed(tmp_path: Path) -> None:
    facets = opened(tmp_path, None, poet=POET)
    assert facets.choose("poet", NOON) == "default"
    assert facets.choose("poet", NOON) == "poet"
    assert (facets.shown().id, facets.described(facets.shown())) == ("poet", "metaphors")
    assert json.loads(facets.path.read_text()) == {"activeFacet": "poet", "lastUpdated": "2026-05-17T12:00:00.000Z"}


def test_choosing_keeps_what_else_is_in_the_file(tmp_path: Path) -> None:
    facets = opened(tmp_path, poet=POET)
    assert facets.choose("default", NOON) == "poet"
    content = json.loads(facets.path.read_text())
    assert content | {"activeFacet": "poet", "lastUpdated": None} == {**LISTED, "lastUpdated": None}


@pytest.mark.parametrize("name", ["nobody", "off", "gone", "outside", "../../secret", ""])
def test_what_cannot_be_shown_cannot_be_chosen(tmp_path: Path, name: str) -> None:
    facets = opened(tmp_path, poet=POET)
    before = facets.path.read_bytes()
    with pytest.raises(BadChoice, match=r"there are default, inactive, poet$"):
        facets.choose(name, NOON)
    assert facets.path.read_bytes() == before


@pytest.mark.parametrize("listed", [[], "poet"])
def test_a_list_of_facets_that_is_no_object_is_named(tmp_path: Path, listed: object) -> None:
    with pytest.raises(SettingError, match=r"facets\.json: holds a "):
        opened(tmp_path, listed).shown()


def test_a_facet_changes_objects_key_by_key_and_lists_as_a_whole() -> None:
    core = {"a": {"b": {"c": 1, "d": [1, 2]}, "e": 2}, "f": 3}
    assert merged(core, {"a": {"b": {"d": [9]}}, "f": {"g": 1}}) == {
        "a": {"b": {"c": 1, "d": [9]}, "e": 2},
        "f": {"g": 1},
    }
    assert core["f"] == 3
