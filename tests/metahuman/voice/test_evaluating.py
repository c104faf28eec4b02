"""A voice put to the proof, and the page that shows what was found."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from rich.console import Console

from metahuman.cli.persona_eval import evaluate, show
from metahuman.home import Home
from metahuman.state.errors import BadChoice
from metahuman.voice.report_page import page
from metahuman.voice.told import tables


def figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def report(**changed: Any) -> dict[str, Any]:
    both = {"base": figure(0.1), "adapter": figure(0.6)}
    views = {"floor": 0.0, "ceiling": 1.0, "base": 0.1, "adapter": 0.6}
    variety = {"copied": 0.0, "again": 0.1}
    form = {"toolSyntax": 0.0, "empty": 0.0, "loops": 0.1, "words": 33.0}
    found = {
        "run": "2026-05-17-120000-aaaaaa",
        "dataset": "<one>",
        "createdAt": "2026-05-17T12:00:00.000Z",
        "tainted": None,
        "perplexity": {"heldOut": {**both, "change": figure(-0.4)}, "neutral": None, "other": None},
        "voice": {
            "score": both,
            "why": None,
            "owner": figure(0.9),
            "authors": {"austen": figure(0.2), "a<b>": figure(0.3)},
            "views": {"words": views, "build": views, "letters": views},
            "variety": {"base": variety, "adapter": variety},
        },
        "form": {"base": form, "adapter": form},
        "leaks": {
            "reported": [],
            "verbatim": {"base": {"longest": 3}, "adapter": {"longest": 5}},
            "continued": {"base": {"longest": 2}, "adapter": {"longest": 4}},
            "facts": [],
            "canaries": [{"known": True}, {"known": False}],
            "membership": 0.61,
        },
        "verdict": {"lines": ["the voice is 60 % of the way"]},
    }
    return found | changed


def test_the_page_needs_nothing_from_elsewhere() -> None:
    made = page(report(), [])
    assert re.findall(r"(?:src|href)=", made) == []
    assert set(re.findall(r"https?://[^\"]*", made)) == {"http://www.w3.org/2000/svg"}
    assert "prefers-color-scheme: dark" in made


def test_what_models_say_is_text() -> None:
    sample = {"prompt": "<script>1</script>", "base": "<b>", "adapter": "&", "owner": None}
    made = page(report(), [sample])
    assert "<script>" not in made
    assert "&lt;script&gt;" in made
    assert "a&lt;b&gt;" in made
    assert "&lt;one&gt;" in made


def test_a_page_says_what_is_wrong() -> None:
    leak = {"kind": "fact", "told": "learned by heart: 7391-4428"}
    leaks = report()["leaks"] | {"reported": [leak]}
    made = page(report(tainted={"reason": "forgotten"}, leaks=leaks), [])
    assert "tainted" in made
    assert "7391-4428" in made


def test_a_page_without_samples() -> None:
    bare = report(voice={"score": None, "why": "nobody asked the models for samples"}, form={})
    bare["leaks"]["verbatim"] = {"runs": []}
    made = page(bare, [])
    assert "nobody asked the models" in made
    assert "<svg" not in made


def test_the_figures_in_words() -> None:
    told = tables(report())
    assert told["Voice score"][0].adapter == "0.60 (0.50 to 0.70)"
    assert told["Perplexity"][0].adapter == "0.6 (0.5 to 0.7), -40% (-50% to -30%)"
    assert [line.adapter for line in told["What it gives away"]] == ["5 words", "4 words", "1 of 2", "0.61"]
    assert [line.adapter for line in told["Form of the answers"]] == ["0%", "0%", "10%", "33"]


def test_without_a_run_it_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(evaluate, [], obj=Home(tmp_path))
    assert isinstance(done.exception, BadChoice)
    assert "no voice was trained yet" in str(done.exception)


def test_in_a_terminal(tmp_path: Path) -> None:
    console = Console(record=True, width=100, file=StringIO())
    leaks = report()["leaks"] | {"reported": [{"kind": "fact", "told": "learned by heart: 7391-4428\x1b[2J"}]}
    show(console, report(tainted={"reason": "forgotten"}, leaks=leaks), tmp_path / "report.html")
    said = console.export_text()
    for words in ("tainted", "0.60 (0.50 to 0.70)", "without", "7391-4428", "report.html", "60 % of the way"):
        assert words in said
    assert "\x1b" not in said
