"""Overrides of a running program's registry: they lie over the file, and end."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from metahuman.state.errors import SettingError
from tests.registries import PERSONA_SMALL, SMALL, Running, with_small


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path)


def test_overrides_lie_over_the_file_one_over_the_other_and_end(running: Running) -> None:
    running.edit(**with_small())
    before = running.own.read_bytes()
    with running.live.override(PERSONA_SMALL):
        assert running.persona() == "small"
        assert [model.model_id for model in running.live().candidates("coder")] == ["coder"]
        with running.live.override({"cognitiveModeMappings": {"dual": {"persona": None}}}):
            assert running.persona() == "small"
            assert running.live().candidates("persona", "dual") == []
        assert len(running.live().candidates("persona", "dual")) == 1
    assert running.persona() == "persona"
    assert running.own.read_bytes() == before


def test_an_override_ends_with_its_block_however_that_ends(running: Running) -> None:
    def fail() -> None:
        with running.live.override(SMALL | PERSONA_SMALL):
            assert running.persona() == "small"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert running.persona() == "persona"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"defaults": {"persona": "nobody"}}, "defaults.persona: no model 'nobody'; name one of"),
        ({"models": {"persona": {"options": {"topP": "all"}}}}, "models.persona.options.topP: Input should be"),
        ({"defaults": None}, "defaults: Input should be a valid dictionary"),
    ],
)
def test_an_override_that_is_wrong_is_told_as_the_file_would_be(
    running: Running, changes: Mapping[str, Any], told: str
) -> None:
    before = running.live()
    with pytest.raises(SettingError) as raised, running.live.override(changes):
        pytest.fail("it held")
    assert str(raised.value).startswith(f"{running.shipped}: {told}")
    assert running.live() is before
    assert running.live.problem is None


def test_what_is_done_to_the_changes_later_changes_nothing(running: Running) -> None:
    changes = json.loads(json.dumps(SMALL | PERSONA_SMALL))
    with running.live.override(changes):
        changes["defaults"]["persona"] = "nobody"
        running.edit(version="one")
        assert (running.live().version, running.persona()) == ("one", "small")
        assert running.live.problem is None


def test_edits_show_beneath_an_override_and_one_it_does_not_fit_on_waits(running: Running) -> None:
    running.edit(**with_small())
    with running.live.override(PERSONA_SMALL):
        running.edit(**with_small(version="one"))
        assert (running.live().version, running.persona()) == ("one", "small")
        running.edit(version="two")  # without the small model
        assert (running.live().version, running.persona()) == ("one", "small")
        assert "no model 'small'" in str(running.live.problem)
    assert (running.live().version, running.persona()) == ("two", "persona")
    assert running.live.problem is None


def test_overrides_of_two_threads_may_end_in_any_order(running: Running) -> None:
    first, second = running.live.override({"version": "1"}), running.live.override({"description": "2"})
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert (running.live().version, running.live().file.description) == ("shipped", "2")
    second.__exit__(None, None, None)
    assert running.live().file.description == ""


def test_threads_see_whole_registries_only(running: Running) -> None:
    running.edit(version="start")
    running.live()
    seen: set[str] = set()
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            seen.add(running.persona())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        with running.live.override(SMALL | PERSONA_SMALL):
            running.edit(version="x" * number)
            running.persona()
        running.own.write_bytes(b"{")
    running.edit(version="end")
    ended.set()
    for thread in threads:
        thread.join(timeout=10)
    assert seen <= {"persona", "small"}
    assert running.live().version == "end"
    assert running.live.problem is None
