"""Tests of `metahuman mode`: what it shows, switches and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import registry_content
from tests.homes import files, in_process, metahuman, write_registry


def mode_file(home: Path) -> Path:
    (home / "persona").mkdir(exist_ok=True)
    return home / "persona" / "cognitive-mode.json"


def as_json(home: Path, *arguments: str) -> Any:
    return json.loads(in_process(home, "mode", "--json", *arguments).stdout)


@pytest.mark.parametrize("width", [80, 200])
def test_the_mode_what_each_means_and_who_answers_in_it(tmp_path: Path, width: int) -> None:
    done = in_process(tmp_path, "mode", columns=width)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mode dual\n")
    rows = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("│ ") and line.split()[1:]}
    assert "default.orchestrator" in rows["dual"]
    assert " off " in rows["emulation"]
    assert "default.persona" in rows["emulation"]
    assert files(tmp_path) == {}


def test_a_switch_lasts_is_dated_and_is_audited_once(tmp_path: Path) -> None:
    done = metahuman(tmp_path, "mode", "emulation")
    assert (done.returncode, done.stdout) == (0, "emulation: the persona alone; nothing is remembered\n")
    assert in_process(tmp_path, "mode", "emulation").returncode == 0
    found = as_json(tmp_path)
    assert (found["mode"], found["since"]) == ("emulation", json.loads(mode_file(tmp_path).read_text())["lastChanged"])
    assert in_process(tmp_path, "mode").stdout.startswith(f"mode emulation, since {found['since'][:10]} ")
    events = in_process(tmp_path, "audit", "--json", "--event", "mode_changed").stdout.splitlines()
    assert [json.loads(event)["details"] for event in events] == [{"before": "dual", "after": "emulation"}]
    assert json.loads(in_process(tmp_path, "status", "--json").stdout)["mode"] == "emulation"


def test_who_answers_is_the_registrys_word(tmp_path: Path) -> None:
    mappings = {"agent": {"persona": "coder"}, "dual": {"orchestrator": None}, "emulation": {"orchestrator": "coder"}}
    write_registry(tmp_path, registry_content(cognitiveModeMappings=mappings))
    found = as_json(tmp_path, "agent")
    assert found["mode"] == "agent"
    minds = {name: (each["orchestrator"], each["persona"]) for name, each in found["modes"].items()}
    assert minds == {"dual": (None, "persona"), "agent": ("orchestrator", "coder"), "emulation": (None, "persona")}
    assert [each["writes"] for each in found["modes"].values()] == ["everything", "outcomes", "nothing"]


def test_a_mode_there_is_none_of_is_refused(tmp_path: Path) -> None:
    done = in_process(tmp_path, "mode", "dreaming")
    assert done.returncode == 2
    assert "'dreaming' is not one of 'dual', 'agent', 'emulation'" in done.stderr
    assert files(tmp_path) == {}


def test_an_unknown_mode_is_named_and_mended_by_a_switch(tmp_path: Path) -> None:
    mode_file(tmp_path).write_text('{"currentMode": "dreaming", "history": [1]}')
    done = in_process(tmp_path, "mode")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "cognitive-mode.json: currentMode: no mode 'dreaming'; use one of dual, agent, emulation\n"
    )
    assert in_process(tmp_path, "mode", "dual").returncode == 0
    assert as_json(tmp_path)["mode"] == "dual"
    events = in_process(tmp_path, "audit", "--json", "--event", "mode_changed").stdout.splitlines()
    assert [json.loads(event)["details"]["before"] for event in events] == ["dreaming"]


def test_a_file_that_is_no_json_is_left_as_it_is(tmp_path: Path) -> None:
    mode_file(tmp_path).write_text('{"currentMode": ')
    before = files(tmp_path)
    done = in_process(tmp_path, "mode", "dual")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cognitive-mode.json: not JSON: " in done.stderr
    assert "or remove the file, which was left as it is" in done.stderr
    assert files(tmp_path) == before


def test_a_broken_registry_does_not_keep_the_mode_from_being_switched(tmp_path: Path) -> None:
    write_registry(tmp_path, {"defaults": {"persona": "nobody"}})
    assert in_process(tmp_path, "mode", "agent").returncode == 0
    assert json.loads(mode_file(tmp_path).read_text())["currentMode"] == "agent"
