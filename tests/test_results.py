"""Figures in README and docs are those that the benchmarks printed, and the page of results is made of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.results import PAGE, page, unfounded
from benchmarks.run_all import PARTS, main
from metahuman.state.files import write_json

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_the_page_of_results_is_what_the_benchmarks_left() -> None:
    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_figures_are_those_of_a_benchmark(path: Path) -> None:
    assert unfounded(path.read_text("utf-8")) == []


def test_a_figure_that_no_benchmark_printed_is_found(tmp_path: Path) -> None:
    write_json(tmp_path / "voice.json", {"output": ["fell by -47% in 15.48 min, 2,085 talks, score .948"]})
    text = "<!-- measured: voice -->\n{}\n<!-- /measured -->\n"
    right = text.format("-47 %, 15.5 minutes, 15 minutes, 2,085 talks, .95 and .948, SmolLM2 on F1")
    wrong = text.format("-48 %, 15.6, 2,086, .947")
    assert unfounded(right, tmp_path) == []
    assert unfounded(wrong, tmp_path) == [f"{one} (voice)" for one in ("48", "15.6", "2,086", ".947")]
    assert unfounded("Nothing says that 99.98 is measured.") == []


def test_all_benchmarks_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--list"])
    assert "voice (needs --data)" in capsys.readouterr().out
    assert all((ROOT / "benchmarks" / f"{part.name}.py").exists() for part in PARTS)
