"""The settings of training elsewhere, addresses, and a task for SkyPilot."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from metahuman.state.errors import BadChoice, SettingError
from metahuman.training.remote.place import Place, place_of
from metahuman.training.remote.settings import RemoteSettings, SkyPilotSettings, load_settings
from metahuman.training.remote.skypilot import launch_of, task_of, write_task


def test_what_is_shipped_holds_until_the_owner_says_otherwise(tmp_path: Path) -> None:
    assert load_settings(tmp_path).model_dump(exclude={"description"}) == RemoteSettings().model_dump()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "remote.json").write_text(json.dumps({"pollSeconds": 9, "later": True}))
    assert load_settings(tmp_path).poll_seconds == 9


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"pollSeconds": 0}, "pollSeconds"),
        ({"runpod": {"maxCost": -1}}, "runpod.maxCost"),
        ({"runpod": {"cloud": "MINE"}}, "runpod.cloud"),
        ({"bases": ["x"]}, "bases"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, content: object, key: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "remote.json").write_text(json.dumps(content))
    with pytest.raises(SettingError, match=rf"remote\.json: {key}"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("ssh://box", Place("box")),
        ("ssh://me@box:2222/data/jobs/", Place("box", "me", 2222, "/data/jobs")),
        ("ssh://me@box/~/jobs", Place("box", "me", None, "jobs")),
        ("ssh://me@box/~", Place("box", "me")),
        ("ssh://me@[::1]/x", Place("::1", "me", None, "/x")),
    ],
)
def test_an_address_names_a_place(address: str, place: Place) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    "address", ["ssh://", "http://box/", "ssh://box:no/", "ssh://me:secret@box/", "ssh://b/a/../b"]
)
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(BadChoice) as told:
        place_of(address)
    assert "secret" not in str(told.value)


#: The part of SkyPilot's documented form that a task may use; like SkyPilot, it takes no other keys.
#: https://docs.skypilot.co/en/latest/reference/yaml-spec.html
SKYPILOT = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "workdir": {"type": "string"},
        "num_nodes": {"type": "integer"},
        "setup": {"type": "string"},
        "run": {"type": "string"},
        "envs": {"type": "object"},
        "file_mounts": {"type": "object"},
        "resources": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "infra": {"type": "string"},
                "accelerators": {"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "array"}]},
                "cpus": {"anyOf": [{"type": "string"}, {"type": "number"}]},
                "memory": {"anyOf": [{"type": "string"}, {"type": "number"}]},
                "use_spot": {"type": "boolean"},
                "disk_size": {"type": "integer"},
                "max_hourly_cost": {"type": "number"},
                "autostop": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "idle_minutes": {"type": "integer"},
                        "wait_for": {"enum": ["jobs_and_ssh", "jobs", "none"]},
                        "down": {"type": "boolean"},
                    },
                },
                "any_of": {"type": "array", "items": {"type": "object"}},
            },
        },
    },
}


def test_a_task_has_the_documented_form(tmp_path: Path) -> None:
    for settings in (RemoteSettings().skypilot, SkyPilotSettings(accelerators=[], use_spot=True)):
        task = task_of("2026-11-23-120000-abcdef", tmp_path / "job", settings)
        write_task(tmp_path / "task.yaml", task)
        read = yaml.safe_load((tmp_path / "task.yaml").read_text())
        assert read == task
        jsonschema.validate(read, SKYPILOT)
    assert task["name"] == "mh-2026-11-23-120000-abcdef"


def test_the_machine_is_given_back_last(tmp_path: Path) -> None:
    commands = launch_of("2026-11-23-120000-abcdef", tmp_path / "task.yaml", tmp_path / "back")
    assert [command[:2] for command in commands] == [["sky", "launch"], ["rsync", "--archive"], ["sky", "down"]]
