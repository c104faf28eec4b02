"""The persona's files, as a MetaHuman OS folder has them and as owners may leave them."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.persona.files import SWITCHES, PersonaFiles
from metahuman.state.errors import SettingError, StoreError
from tests.fakes import NOON
from tests.homes import files

#: The shape that MetaHuman OS gives the file: half filled in, the rest still asking to be.
OLD_CORE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "version": "0.1.0",
    "identity": {"name": "ada", "humanName": "[Your Full Name]", "role": "a mathematician", "aliases": ["[Nickname]"]},
    "background": {"keyExperiences": ["[Formative experience 1]"], "narrative": "Born in London.\n  Loves engines."},
    "personality": {
        "communicationStyle": {"tone": ["direct", "warm", "dry", "brief", "kind", "never told"], "verbosity": "low"},
        "traits": {"openness": 0.75, "notes": "Big Five"},
        "interests": ["[Hobby or interest 1]", "[Hobby or interest 2]"],
    },
    "values": {
        "core": [
            {"value": "clarity", "description": "Say it once", "priority": 1},
            {"value": "[Your core value]", "description": "[Why]", "priority": 2},
            "courage",
        ],
        "boundaries": ["No deceptive communication", "[Your personal boundary]"],
    },
    "goals": {"shortTerm": [{"goal": "[Your short-term goal]", "status": "active"}]},
    "context": {"projects": [{"name": "[Current project 1]"}], "currentFocus": ["the engine", "[Your current focus]"]},
    "notes": "This is the Identity Kernel",
}
OLD_CACHE: dict[str, Any] = {
    "catchphrases": ["indeed"],
    "frequentFacts": {"city": "London", "tools": [{"value": "pen"}, {"name": "paper"}], "unset": "[City]", "odd": 3},
    "quirks": [],
    "recentThemes": [{"theme": "engines", "count": 4}, {"count": 2}],
    "lastUpdated": "2025-11-04T17:25:31.630Z",
}
#: Another program that switches a hundred times.
SWITCHER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from metahuman.memory.persona.files import PersonaFiles
persona = PersonaFiles(Path(sys.argv[1]), Path("none"))
for _ in range(50):
    for mode in ("agent", "dual"):
        persona.set_mode(mode, sys.argv[2], datetime.now(UTC))
"""
ODD: list[object] = [None, 0, 1.5, True, "", "text", [], [[]], [None, 3, {"value": None}], {}, {"value": []}]


def persona(tmp_path: Path, **files: object) -> PersonaFiles:
    """Return a persona folder that holds these files, by their names without the ending."""
    folder = tmp_path / "persona"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name.replace('_', '-')}.json").write_text(json.dumps(content), "utf-8")
    default = tmp_path / "default.json"
    default.write_text(json.dumps({"identity": {"name": "MetaHuman", "role": "a digital twin"}}))
    return PersonaFiles(folder, default)


def test_an_old_homes_persona_is_told_without_its_placeholders(tmp_path: Path) -> None:
    assert persona(tmp_path, core=OLD_CORE, cache=OLD_CACHE).summary().splitlines() == [
        "You are ada, a mathematician.",
        "About you: Born in London. Loves engines.",
        "Your tone: direct, warm, dry, brief, kind",
        "You care about: clarity, courage",
        "On your mind: the engine",
        "Boundaries: No deceptive communication",
        "You know: city: London; tools: pen, paper; odd: 3",
        "You often say: indeed",
        "Lately: engines",
    ]


def test_goals_that_are_still_pursued_are_told_the_nearest_first(tmp_path: Path) -> None:
    goals = {
        "shortTerm": [{"goal": "finish the notes", "status": "active"}, {"goal": "move", "status": "Completed"}],
        "longTerm": ["build the engine", {"goal": "[Your long-term aspiration]"}],
    }
    told = persona(tmp_path, core={"goals": goals}).summary()
    assert told == "You are MetaHuman.\nYour goals: finish the notes, build the engine"


def test_a_facet_is_told_in_the_cores_place_where_it_differs(tmp_path: Path) -> None:
    known = persona(tmp_path, core=OLD_CORE, facets={"activeFacet": "poet"})
    (tmp_path / "persona" / "facets").mkdir()
    facet = {"facet": "poet", "description": "metaphors", "personality": {"communicationStyle": {"tone": ["lyrical"]}}}
    (tmp_path / "persona" / "facets" / "poet.json").write_text(json.dumps(facet))
    told = known.summary().splitlines()
    assert told[:4] == [
        "You are ada, a mathematician.",
        "The side you show now: poet, metaphors.",
        "About you: Born in London. Loves engines.",
        "Your tone: lyrical",
    ]
    assert known.summary() == known.summary()
    assert known.core() == OLD_CORE


def test_a_change_by_hand_is_told_at_once(tmp_path: Path) -> None:
    known = persona(tmp_path, core={"identity": {"name": "Ada"}})
    assert known.summary() == known.summary() == "You are Ada."
    persona(tmp_path, core={"identity": {"name": "Zoë"}}, cache={"quirks": ["hums"]})
    assert known.summary() == "You are Zoë.\nQuirks: hums"
    known.path.unlink()
    assert known.summary() == "You are MetaHuman, a digital twin.\nQuirks: hums"


def test_with_the_persona_off_nobody_is_described(tmp_path: Path) -> None:
    known = persona(tmp_path, core=OLD_CORE, cache=OLD_CACHE, facets={"activeFacet": "inactive"})
    assert known.summary() == "You are ada, a mathematician."


def test_the_persons_own_name_goes_before_their_twins(tmp_path: Path) -> None:
    core = {"identity": {"name": "MetaHuman Ada", "humanName": "Ada Lovelace"}}
    assert persona(tmp_path, core=core).summary() == "You are Ada Lovelace."


def test_until_the_owner_has_one_the_shipped_persona_holds(tmp_path: Path) -> None:
    assert persona(tmp_path).summary() == "You are MetaHuman, a digital twin."


def test_a_persona_with_nothing_in_it_still_has_a_name(tmp_path: Path) -> None:
    assert persona(tmp_path, core={}, cache={}).summary() == "You are MetaHuman."


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_value_of_another_type_is_passed_over_wherever_it_stands(tmp_path: Path, odd: object) -> None:
    def spoilt(value: dict[str, Any]) -> list[dict[str, Any]]:
        """Return `value` once for each place in it, with `odd` in that place."""
        found = []
        for key, inner in value.items():
            found.append(value | {key: odd})
            if isinstance(inner, dict):
                found.extend(value | {key: changed} for changed in spoilt(inner))
        return found

    for core in spoilt(OLD_CORE):
        assert persona(tmp_path, core=core).summary().startswith("You are ")
    for cache in spoilt(OLD_CACHE):
        assert persona(tmp_path, core={}, cache=cache).summary().startswith("You are ")


@pytest.mark.parametrize("name", ["core", "cache", "facets"])
def test_a_file_that_is_no_object_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match=f"{name}.json: holds a list, not an object"):
        persona(tmp_path, **{name: []}).summary()


@pytest.mark.parametrize("mode", ["dual", "agent", "emulation"])
def test_the_mode_is_the_owners(tmp_path: Path, mode: str) -> None:
    file = {"currentMode": mode, "lastChanged": "2025-11-04T01:30:53.034Z", "history": [{"mode": "dual"}]}
    assert persona(tmp_path, cognitive_mode=file).mode() == mode


def test_without_a_file_the_mode_is_dual(tmp_path: Path) -> None:
    assert persona(tmp_path).mode() == "dual"


@pytest.mark.parametrize("mode", ["Dual", "", None, 1, ["dual"], {"mode": "dual"}])
def test_a_mode_that_is_none_is_never_guessed(tmp_path: Path, mode: object) -> None:
    with pytest.raises(SettingError) as raised:
        persona(tmp_path, cognitive_mode={"currentMode": mode}).mode()
    path = tmp_path / "persona" / "cognitive-mode.json"
    assert str(raised.value) == f"{path}: currentMode: no mode {mode!r}; use one of dual, agent, emulation"
    with pytest.raises(SettingError, match="no mode None"):
        persona(tmp_path, cognitive_mode={}).mode()


def mode_file(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "persona" / "cognitive-mode.json").read_bytes())


def test_a_switch_is_written_as_metahuman_os_writes_it(tmp_path: Path) -> None:
    known = persona(tmp_path)
    assert known.set_mode("agent", "human", NOON) == "dual"
    assert known.mode() == "agent"
    assert known.set_mode("emulation", "system", NOON + timedelta(hours=1)) == "agent"
    assert mode_file(tmp_path) == {
        "currentMode": "emulation",
        "lastChanged": "2026-05-17T13:00:00.000Z",
        "history": [
            {"mode": "agent", "changedAt": "2026-05-17T12:00:00.000Z", "actor": "human"},
            {"mode": "emulation", "changedAt": "2026-05-17T13:00:00.000Z", "actor": "system"},
        ],
    }


@pytest.mark.parametrize("file", [None, {"currentMode": "dual"}, {"currentMode": "dual", "history": None}])
def test_the_mode_that_holds_already_writes_nothing(tmp_path: Path, file: object) -> None:
    known = persona(tmp_path, **({"cognitive_mode": file} if file else {}))
    before = files(tmp_path)
    assert known.set_mode("dual", "human", NOON) == "dual"
    assert files(tmp_path) == before


def test_what_another_program_keeps_in_the_file_stays(tmp_path: Path) -> None:
    odd = [None, "dual", {"mode": "agent", "why": "a test"}]
    known = persona(tmp_path, cognitive_mode={"currentMode": "agent", "locked": False, "history": odd})
    known.set_mode("dual", "human", NOON)
    assert mode_file(tmp_path)["locked"] is False
    assert mode_file(tmp_path)["history"][:3] == odd


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_history_of_another_type_stops_nobody(tmp_path: Path, odd: object) -> None:
    known = persona(tmp_path, cognitive_mode={"currentMode": "agent", "lastChanged": odd, "history": odd})
    assert known.set_mode("dual", "human", NOON) == "agent"
    assert mode_file(tmp_path)["history"][-1]["mode"] == "dual"


def test_only_the_latest_switches_are_kept(tmp_path: Path) -> None:
    history = [{"mode": "dual", "changedAt": str(number), "actor": "human"} for number in range(150)]
    persona(tmp_path, cognitive_mode={"currentMode": "dual", "history": history}).set_mode("agent", "human", NOON)
    kept = mode_file(tmp_path)["history"]
    assert len(kept) == SWITCHES == 100
    assert kept[0] == history[51]
    assert kept[-1]["mode"] == "agent"


@pytest.mark.parametrize("file", [{"currentMode": "Dual"}, {"currentMode": None}, {"currentMode": ["dual"]}, {}])
def test_a_mode_that_is_none_is_mended_by_setting_one(tmp_path: Path, file: object) -> None:
    known = persona(tmp_path, cognitive_mode=file)
    known.set_mode("dual", "human", NOON)
    assert known.mode() == "dual"


@pytest.mark.parametrize("content", [b"", b'{"currentMode": ', b"[]", b"\xff"])
def test_a_file_that_is_none_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    known, path = persona(tmp_path), tmp_path / "persona" / "cognitive-mode.json"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=r"cognitive-mode\.json: .*, or remove the file, which was left as it is"):
        known.set_mode("dual", "human", NOON)
    assert path.read_bytes() == content


def test_a_mode_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="check that the folder can be written"):
        PersonaFiles(tmp_path / "file", tmp_path).set_mode("agent", "human", NOON)


@pytest.mark.slow
def test_two_processes_that_switch_at_once_lose_no_switch(tmp_path: Path) -> None:
    """The file is whole at every moment, and its history tells a story: each switch leads away from the one before."""
    known = persona(tmp_path)
    command = [sys.executable, "-c", SWITCHER, str(tmp_path / "persona")]
    others = [subprocess.Popen([*command, name]) for name in ("one", "two")]
    while any(other.poll() is None for other in others):
        assert known.mode() in ("dual", "agent")
    assert [other.returncode for other in others] == [0, 0]
    history = mode_file(tmp_path)["history"]
    modes = [switch["mode"] for switch in history]
    assert all(mode != after for mode, after in itertools.pairwise(modes))
    assert {switch["actor"] for switch in history} <= {"one", "two"}
    assert mode_file(tmp_path)["currentMode"] == modes[-1] == "dual"
    assert datetime.fromisoformat(history[-1]["changedAt"]).tzinfo == UTC
