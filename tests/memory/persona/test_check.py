"""What `metahuman persona check` finds: each thing with its file, key and remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.home import SHIPPED
from metahuman.memory.persona.check import check, core_problems
from metahuman.memory.persona.files import PersonaFiles
from tests.memory.persona.test_files import OLD_CACHE, OLD_CORE, persona

CORE = Path("core.json")


def told(content: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in core_problems(content, CORE)]


def test_the_shipped_persona_has_nothing_to_mend(tmp_path: Path) -> None:
    assert check(PersonaFiles(tmp_path / "persona", SHIPPED / "persona" / "core.json")) == []


def test_a_half_filled_persona_of_metahuman_os_has_only_warnings(tmp_path: Path) -> None:
    found = check(persona(tmp_path, core=OLD_CORE, cache=OLD_CACHE))
    assert {problem.level for problem in found} == {"warning"}
    assert str(found[0]).endswith(
        "core.json: identity.humanName: still says [Your Full Name]; say it in your words, or take it out"
    )
    assert "values.core.1.value" in {problem.key for problem in found}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ({"identity": {"name": 3}}, "identity.name: not a text; write it in quotes"),
        ({"identity": []}, "identity: not an object; write it in braces"),
        ({"personality": {"interests": "chess"}}, "personality.interests: not a list; write it in brackets"),
        ({"personality": {"traits": {"openness": 7}}}, "personality.traits.openness: too large; write a number from 0"),
        ({"personality": {"traits": {"openness": "high"}}}, "personality.traits.openness: not a number; "),
        ({"values": {"core": [{"priority": 1}]}}, "values.core.0.value: missing; add it"),
        ({"values": {"core": ["a", 3]}}, "values.core.1: not an object; "),
        ({"goals": {"shortTerm": [{"goal": "x", "status": 1}]}}, "goals.shortTerm.0.status: not a text; "),
    ],
)
def test_a_value_of_another_type_is_named(content: dict[str, Any], line: str) -> None:
    assert [one.startswith(f"error: core.json: {line}") for one in told(content)] == [True]


def test_what_is_left_out_null_or_unknown_is_no_mistake() -> None:
    assert told({}) == []
    assert (
        told({"identity": {"name": None, "shoeSize": 41}, "mood": {"today": 1}, "values": {"core": ["courage"]}}) == []
    )


def test_a_misspelt_key_is_told_for_what_it_may_mean() -> None:
    assert told({"identiy": {}, "goals": {"shortTerm": [{"goal": "a", "statuss": ""}]}}) == [
        "warning: core.json: identiy: not known; identity is meant, perhaps",
        "warning: core.json: goals.shortTerm.0.statuss: not known; status is meant, perhaps",
    ]


def test_every_file_is_checked_even_if_one_cannot_be_read(tmp_path: Path) -> None:
    known = persona(
        tmp_path,
        cache={"catchphrases": 3, "frequentFacts": []},
        facets={"activeFacet": "poet", "facets": {"gone": {"personaFile": "facets/gone.json"}}},
        cognitive_mode={"currentMode": "asleep"},
    )
    (tmp_path / "persona" / "core.json").write_text("{")
    (tmp_path / "persona" / "facets").mkdir()
    (tmp_path / "persona" / "facets" / "bad.json").write_text("[")
    (tmp_path / "persona" / "facets" / "odd.json").write_text(json.dumps({"identity": {"role": 3}}))
    found = {(Path(one.file).name, one.key): one.problem for one in check(known)}
    assert {key: found[key].split(":")[0] for key in found} == {
        ("core.json", ""): "not JSON",
        ("facets.json", "activeFacet"): "no facet 'poet'",
        ("facets.json", "facets.gone.personaFile"): "no file 'facets/gone.json' in the persona folder",
        ("bad.json", ""): "not JSON",
        ("odd.json", "identity.role"): "not a text",
        ("cache.json", "catchphrases"): "not a list",
        ("cache.json", "frequentFacts"): "not an object",
        ("cognitive-mode.json", "currentMode"): "no mode 'asleep'",
    }


def test_a_facet_that_is_shown_and_switched_off_is_an_error(tmp_path: Path) -> None:
    listed = {"activeFacet": "off", "facets": {"off": {"enabled": False}}}
    (problem,) = check(persona(tmp_path, facets=listed))
    assert (problem.level, problem.problem) == ("error", "'off' is switched off")
