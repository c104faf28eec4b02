"""Runs that are found, whatever lies in their folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metahuman.home import Home
from metahuman.state.errors import BadChoice
from metahuman.state.files import write_json
from metahuman.voice.runs import find_run, look, runs
from tests.voice_runs import a_base, a_job


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def a_run(home: Home, name: str, card: dict[str, Any] | None = None) -> Path:
    folder = home.root / "out" / "adapters" / name[:10] / name
    job = a_job(folder, a_base()).model_copy(update={"name": name, "created_at": f"{name[:10]}T12:00:00.000Z"})
    job.write(folder)
    if card is not None:
        write_json(folder / "card.json", card)
    return folder


def test_a_home_without_runs_has_none(home: Home) -> None:
    assert runs(home) == []
    with pytest.raises(BadChoice, match="no voice was trained yet"):
        find_run(home)
    with pytest.raises(BadChoice, match="no voice was trained yet"):
        find_run(home, "x")


def test_the_newest_comes_first_and_finished_ones_are_found(home: Home) -> None:
    for name, card in (("2026-05-16-1", {}), ("2026-05-18-1", None), ("2026-05-17-1", {"name": "x"})):
        a_run(home, name, card)
    assert [run.name for run in runs(home)] == ["2026-05-18-1", "2026-05-17-1", "2026-05-16-1"]
    assert find_run(home).name == "2026-05-17-1"
    assert find_run(home, finished=False).name == "2026-05-18-1"
    assert find_run(home, "2026-05-16").folder == home.root / "out" / "adapters" / "2026-05-16" / "2026-05-16-1"


@pytest.mark.parametrize(
    ("name", "words"),
    [("2026-05-1", "may be any of 2026-05-18-1, 2026-05-17-1"), ("nope", "is no run"), ("", "is no run")],
)
def test_a_name_that_names_nothing_or_several_is_told(home: Home, name: str, words: str) -> None:
    a_run(home, "2026-05-17-1", {})
    a_run(home, "2026-05-18-1")
    with pytest.raises(BadChoice, match=words):
        find_run(home, name)


def test_one_that_is_not_finished_says_how_to_go_on(home: Home) -> None:
    a_run(home, "2026-05-18-1")
    with pytest.raises(BadChoice, match="metahuman train --resume 2026-05-18-1"):
        find_run(home, "2026-05-18")
    with pytest.raises(BadChoice, match="no run is finished"):
        find_run(home)


def test_flags_and_reports_are_read(home: Home) -> None:
    folder = a_run(home, "2026-05-17-1", {"flagged": {"reason": "forgotten", "memoryIds": ["evt-1"]}})
    write_json(folder / "evaluation" / "report.json", {"score": 0.5})
    run = find_run(home)
    assert run.flagged == {"reason": "forgotten", "memoryIds": ["evt-1"]}
    assert (run.evaluation, run.gguf) == ({"score": 0.5}, folder / "adapter.gguf")


@pytest.mark.parametrize("text", ["{", "[]", "\xff", '{"name": 7}'])
def test_a_broken_file_is_told_and_hides_no_other(home: Home, text: str) -> None:
    a_run(home, "2026-05-17-1", {})
    for name, file in (("2026-05-18-1", "job.json"), ("2026-05-18-2", "card.json")):
        (a_run(home, name, {}) / file).write_text(text, "latin-1")
    found = look(home)
    assert [run.name for run in found.runs][-1] == "2026-05-17-1"
    assert any("2026-05-18-1/job.json" in problem for problem in found.problems)


def test_a_broken_report_hides_no_voice(home: Home) -> None:
    folder = a_run(home, "2026-05-17-1", {})
    (folder / "evaluation").mkdir()
    (folder / "evaluation" / "report.json").write_text("{")
    found = look(home)
    assert [run.evaluation for run in found.runs] == [None]
    assert len(found.problems) == 1
