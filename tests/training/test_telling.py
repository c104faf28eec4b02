"""What a run tells, and what of it is written down; its settings; and what is said where training is not installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from metahuman.state.errors import SettingError
from metahuman.state.files import write_json
from metahuman.training.job import PROGRESS
from metahuman.training.needs import REMEDY, NotInstalled, require_train
from metahuman.training.settings import load_settings
from metahuman.training.telling import Event, Log, event_of, events_in, told_to


def test_events_are_written_down_and_passed_on(tmp_path: Path) -> None:
    told = list[Event]()
    log = Log(tmp_path, told_to(told))
    log("started", steps=2)
    log("step", step=1, loss=2.5)
    assert (
        told
        == events_in(tmp_path / PROGRESS)
        == [{"event": "started", "steps": 2}, {"event": "step", "step": 1, "loss": 2.5}]
    )
    assert (tmp_path / PROGRESS).stat().st_mode & 0o777 == 0o600


def test_what_was_told_of_later_steps_is_told_again(tmp_path: Path) -> None:
    log = Log(tmp_path, told_to([]))
    for step in (1, 2, 3):
        log("step", step=step)
    with (tmp_path / PROGRESS).open("ab") as file:
        file.write(b'{"event": "step", "st')
    Log(tmp_path, told_to([]), step=2)("step", step=3)
    assert [event["step"] for event in events_in(tmp_path / PROGRESS)] == [1, 2, 3]
    Log(tmp_path, told_to([]))
    assert events_in(tmp_path / PROGRESS) == []


@pytest.mark.parametrize("line", ["", "{", "[]", "7", '{"loss": 1}', '{"event": 1}', "[" * 100_000])
def test_what_is_no_event_is_none(line: str) -> None:
    assert event_of(line) is None


def test_the_homes_settings_go_over_the_shipped_key_by_key(tmp_path: Path) -> None:
    shipped = load_settings(tmp_path)
    write_json(tmp_path / "etc" / "training.json", {"rank": 16, "topLayers": None, "newer": 1})
    own = load_settings(tmp_path)
    assert (own.rank, own.top_layers, own.alpha) == (16, None, shipped.alpha)


@pytest.mark.parametrize(
    ("key", "value"), [("rank", 0), ("rank", "8"), ("dropout", 1), ("precision", "int8"), ("epochs", 1.5), ("seed", -1)]
)
def test_a_wrong_setting_is_named(tmp_path: Path, key: str, value: object) -> None:
    write_json(tmp_path / "etc" / "training.json", {key: value})
    with pytest.raises(SettingError, match=rf"training\.json: {key}: .*docs/training\.md"):
        load_settings(tmp_path)


@pytest.mark.skipif(find_spec("torch") is not None, reason="the extra `train` is installed")
def test_where_it_is_not_installed_it_is_said_how_to() -> None:
    with pytest.raises(NotInstalled, match=r"training needs .*torch") as refused:
        require_train()
    assert REMEDY in str(refused.value)


def test_a_command_that_is_none_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "metahuman.training", "sing", "."], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "usage: python -m metahuman.training {train,export,prove} FOLDER\n"
