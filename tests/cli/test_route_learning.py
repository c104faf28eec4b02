"""Tests of `metahuman route eval`, `retrain`, `rollback` and `corrections`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from metahuman.audit.reader import Reader
from metahuman.cli.route_learning import told
from metahuman.corrections import corrections_of
from metahuman.home import Home
from metahuman.routing.retrain import Retrained
from metahuman.routing.versions import Versions
from metahuman.state.routing import Said, Situation
from tests.cli.test_commands import one_line
from tests.homes import ENCODER, in_process

CODE = "write me a python function that parses dates"


@pytest.fixture
def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the encoder away, so that letters decide."""
    monkeypatch.setenv("METAHUMAN_MODELS", str(tmp_path / "no models"))


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rows: list[dict[str, Any]] = [
        {"text": CODE, "to": "coder"},
        {"text": "fix this C++ function, it does not compile", "to": "coder"},
        {"text": "good morning, how are you?", "to": "conversation"},
        {"text": CODE, "to": "dreamer", "earlier": ["owner: hello"]},
        {"text": "x", "tasks": [{"destination": "memory", "task": "x"}, {"destination": "operator", "task": "x"}]},
    ]
    path = tmp_path / "labelled.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.mark.usefixtures("letters")
class TestEval:
    def test_a_file_is_measured(self, tmp_path: Path, labelled: Path) -> None:
        done = in_process(tmp_path, "route", "eval", str(labelled))
        assert (done.returncode, done.stderr) == (0, "")
        lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
        assert "sent exactly where they ought to go 60.0%" in lines
        assert "of the 1 with several tasks 0.0%" in lines
        assert any(line.startswith("coder 2 0.") for line in lines)
        assert "where messages with one task ought to go, and where they went:" in lines
        assert "conve coder dream" in lines
        assert "dreamer · 1 ·" in lines
        assert lines[-1].endswith("encoder letters")

    def test_scripts_get_the_numbers(self, tmp_path: Path, labelled: Path) -> None:
        found = json.loads(in_process(tmp_path, "route", "eval", str(labelled), "--json").stdout)
        assert (found["lines"], found["accuracy"], found["several"]) == (5, 0.6, {"lines": 1, "exact": 0})
        assert found["confusion"]["dreamer"] == {"coder": 1}
        assert found["destinations"]["memory"]["f1"] == 0
        assert 0 < found["latencyMs"]["p50"] <= found["latencyMs"]["p99"]

    @pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
    def test_a_picture_is_drawn(self, tmp_path: Path, labelled: Path, ending: str, magic: bytes) -> None:
        path = tmp_path / "new folder" / f"matrix.{ending}"
        done = in_process(tmp_path, "route", "eval", str(labelled), "--plot", str(path))
        assert (done.returncode, done.stderr) == (0, f"Drawn: {path}\n")
        assert path.read_bytes().startswith(magic)

    def test_a_picture_that_cannot_be_drawn_is_told_before_anything_is_measured(
        self, tmp_path: Path, labelled: Path
    ) -> None:
        done = in_process(tmp_path, "route", "eval", str(labelled), "--plot", "matrix.jpg")
        assert (done.returncode, done.stdout) == (2, "")
        assert "name a file that ends in .png, .svg, .pdf" in done.stderr
        code = "import sys; sys.modules['matplotlib'] = None; import metahuman.cli as c; c.main()"
        command = [sys.executable, "-c", code, "route", "eval", str(labelled), "--plot", "x.png"]
        missing = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (missing.returncode, missing.stdout) == (1, "")
        assert missing.stderr == ("Error: --plot x.png: pictures need matplotlib; `pip install metahuman[notebooks]`\n")

    def test_a_file_that_is_wrong_is_one_line(self, tmp_path: Path) -> None:
        path = tmp_path / "wrong.jsonl"
        path.write_text('\n{"text": "hi", "to": "nowhere"}\n')
        one_line(in_process(tmp_path, "route", "eval", str(path)), "line 2: ", "'nowhere'")
        path.write_text("\n")
        one_line(in_process(tmp_path, "route", "eval", str(path)), "holds no line")


class TestLearning:
    def test_corrections_are_listed(self, tmp_path: Path) -> None:
        assert "No corrections yet" in in_process(tmp_path, "route", "corrections").stdout
        corrections = corrections_of(Home(tmp_path))
        corrections.add("1", Situation("\x1b[2Jwater it", (Said("owner", "hi"),)), ["operator"], "2026-05-17T12:00Z")
        corrections.add("2", Situation("sing\u2028it"), ["conversation", "operator"], "2026-05-17T12:01Z")
        shown = in_process(tmp_path, "route", "corrections").stdout
        assert "2026-05-17T12:00" in shown
        assert "[2Jwater it" in shown
        assert "conversation + operator" in shown
        assert "\x1b" not in shown
        rows = json.loads(in_process(tmp_path, "route", "corrections", "--json").stdout)["corrections"]
        assert [row["turn"] for row in rows] == ["1", "2"]
        assert rows[0]["earlier"] == ["owner: hi"]

    @pytest.mark.usefixtures("letters")
    def test_without_an_encoder_nothing_is_learned(self, tmp_path: Path) -> None:
        one_line(in_process(tmp_path, "route", "retrain"), "e5-small-q4.bin")

    @pytest.mark.real_model
    @pytest.mark.skipif(not ENCODER.exists(), reason="the encoder is not there: metahuman models pull")
    def test_without_corrections_nothing_is_learned(self, tmp_path: Path) -> None:
        one_line(in_process(tmp_path, "route", "retrain"), "corrections.jsonl: no corrections yet")
        assert [*Reader(Home(tmp_path).audit).read()] == []

    def test_it_goes_back_to_the_classifier_before(self, tmp_path: Path) -> None:
        versions = Versions(Home(tmp_path).routing / "models")
        assert [versions.add(content) for content in (b"one", b"two")] == ["0001", "0002"]
        assert in_process(tmp_path, "route", "rollback").stdout == "In force again: 0001, instead of 0002.\n"
        assert in_process(tmp_path, "route", "rollback").stdout == "In force again: shipped, instead of 0001.\n"
        one_line(in_process(tmp_path, "route", "rollback"), "there is none to go back to")
        assert [(one["event"], one["actor"], one.details) for one in [*Reader(Home(tmp_path).audit).read()]] == [
            ("route_rolled_back", "human", {"before": "0002", "after": "0001"}),
            ("route_rolled_back", "human", {"before": "0001", "after": "shipped"}),
        ]

    @pytest.mark.parametrize("command", ["retrain", "rollback"])
    def test_two_at_once_are_one_too_many(self, tmp_path: Path, command: str) -> None:
        locks = Home(tmp_path).locks
        locks.mkdir(parents=True)
        with FileLock(locks / "routing.lock"):
            one_line(in_process(tmp_path, "route", command), "another `metahuman route` is changing the classifier")

    def test_what_came_of_it_is_told(self) -> None:
        kept = told(Retrained(corrections=3, before=0.85, after=0.855, learned=2, kept=True, version="0001"))
        assert kept == (
            "Kept: it has learned 2 of 3 corrections, and 85.50% of the shipped examples are right while unseen "
            "(85.00% without corrections). In force: 0001."
        )
        not_kept = told(Retrained(corrections=3, before=0.85, after=0.8, learned=2, kept=False, version="shipped"))
        assert not_kept.startswith("Not kept: ")
        assert not_kept.endswith("Still in force: shipped.")
