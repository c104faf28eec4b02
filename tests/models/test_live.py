"""The registry of a running program: edits are taken up, broken ones are told once, overrides end."""

from __future__ import annotations

import json
import os
import time
import timeit
from pathlib import Path

import pytest

from metahuman.models.live import SAME_TIME, LiveRegistry
from metahuman.state.errors import SettingError, StoreError
from tests.fakes import registry_content
from tests.registries import Running

BROKEN: dict[str, bytes] = {
    "no JSON": b'{"defaults": ',
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "no object": b"[]",
    "nested": b"[" * 100_000,
    "a wrong type": b'{"defaults": []}',
    "a name that leads nowhere": b'{"defaults": {"persona": "nobody", "orchestrator": "nobody"}}',
}


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path)


def quickest(running: Running) -> float:
    """Return the seconds that one look takes when nothing else holds it up."""
    return min(timeit.repeat(running.live, number=5, repeat=40))


def test_an_edit_is_in_force_at_the_next_call(running: Running) -> None:
    assert running.live().version == "shipped"
    running.edit(version="one")
    assert running.live().version == "one"
    running.edit(version="two")
    assert running.live().version == "two"
    assert running.live() is running.live()
    running.own.unlink()
    assert running.live().version == "shipped"
    assert running.audit.named("registry_loaded") == [
        {"path": str(running.own), "version": "one"},
        {"path": str(running.own), "version": "two"},
        {"path": str(running.shipped), "version": "shipped"},
    ]
    assert running.live.problem is None


def test_edits_show_that_leave_the_length_and_the_times_as_they_were(running: Running) -> None:
    for number in range(50):
        running.edit(version=f"{number:03}")
        assert running.live().version == f"{number:03}"


def test_a_file_left_alone_is_not_read_again_and_one_moved_into_its_place_is(running: Running, tmp_path: Path) -> None:
    """Although the new one has the times and the length of the old."""
    running.edit(version="one")
    reading = quickest(running)
    time.sleep(SAME_TIME / 1e9)
    assert quickest(running) < reading / 3
    other = tmp_path / "other"
    other.write_text(running.own.read_text().replace("one", "two"))
    times = running.own.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(running.own)
    assert running.live().version == "two"


def test_what_changes_nothing_is_no_event(running: Running) -> None:
    running.edit(version="one")
    registry = running.live()
    running.own.write_text(json.dumps(json.loads(running.own.read_text()), indent=4))
    assert running.live() is registry
    assert running.told == ["registry_loaded"]


def test_true_is_not_one(running: Running) -> None:
    entry = {"provider": "local", "model": "m", "metadata": {"alwaysLoaded": 1}}
    running.edit(models={**registry_content()["models"], "persona": entry})
    assert not running.live().candidates("persona")[0].always_loaded
    running.own.write_text(running.own.read_text().replace('"alwaysLoaded": 1', '"alwaysLoaded": true'))
    assert running.live().candidates("persona")[0].always_loaded


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_edit_leaves_the_last_good_one_in_force_and_is_told_once(
    running: Running, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    running.edit(version="good")
    running.live()
    running.own.write_bytes(content)
    assert [running.live().version for _ in range(3)] == ["good"] * 3
    problem = running.live.problem
    assert isinstance(problem, SettingError)
    assert caplog.messages == [f"{problem} (what was read before stays in force)"]
    assert running.audit.named("registry_refused") == [{"path": str(running.own), "problem": str(problem)}]
    running.edit(version="good")
    assert running.live().version == "good"
    assert running.live.problem is None
    assert running.told == ["registry_loaded", "registry_refused", "registry_loaded"]
    running.own.write_bytes(content)
    assert running.live.problem is not None
    assert len(caplog.messages) == 2


def test_each_broken_content_is_told(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    for content in (b"{", b"[]", b"{"):
        running.own.write_bytes(content)
        assert running.live().version == "shipped"
    assert len(caplog.messages) == len(running.audit.named("registry_refused")) == 3


def test_a_file_that_cannot_be_read_is_a_problem_until_it_can(running: Running) -> None:
    """A folder in its place, since permissions keep no superuser out, as who tests are often run."""
    running.own.mkdir()
    assert running.live().version == "shipped"
    assert isinstance(running.live.problem, StoreError)
    assert running.audit.named("registry_refused")[0]["path"] == str(running.own)
    running.own.rmdir()
    assert running.live().version == "shipped"
    assert running.live.problem is None


def test_a_file_written_bit_by_bit_is_taken_up_when_it_is_whole(running: Running) -> None:
    text = json.dumps({**registry_content(), "version": "whole"})
    with running.own.open("w") as file:
        for start in range(0, len(text), 100):
            assert running.live().version == "shipped"
            file.write(text[start : start + 100])
            file.flush()
    assert running.live().version == "whole"
    assert running.live.problem is None


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_the_first_must_be_good(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "models.json"
    with pytest.raises(StoreError):
        LiveRegistry(lambda: path, tmp_path)
    path.write_bytes(content)
    with pytest.raises(SettingError, match=r"models\.json: "):
        LiveRegistry(lambda: path, tmp_path)
