"""What is asked of a voice before it may speak."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.home import Home
from metahuman.opening import open_registry
from metahuman.voice.blind import next_pair, read_ab, vote
from metahuman.voice.gate import Gate, gate
from metahuman.voice.runs import Run, find_run
from tests.fakes import FakeAudit, FakeClock, registry_content
from tests.homes import write_registry
from tests.voices import NAME, a_home, a_run, an_ab


def gated(home: Home, **options: Any) -> Gate:
    return gate(find_run(home, NAME, finished=False), open_registry(home), **options)


def failing(home: Home) -> dict[str, str]:
    return {check.name: check.found for check in gated(home).failing}


def edit(path: Path, **changed: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changed}))


def test_a_voice_as_it_should_be_passes(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    a_run(home)
    found = gated(home)
    assert (found.passes, found.barred, found.failing) == (True, [], [])
    assert len(found.checks) == 9
    told = {check.name: check.found for check in found.checks}
    assert told["voice"] == "0.60 (0.50 to 0.70), the base 0.20 (0.10 to 0.30); between them 0.40 (0.20 to 0.60)"
    assert (told["other knowledge"], told["leaks"], told["votes"]) == ("+3.0%", "none", "nobody voted")
    assert found.as_json()["checks"][0].keys() == {"name", "asked", "found", "passes", "strict"}


FIGURE = {"value": 0.2, "low": 0.0, "high": 0.3}


@pytest.mark.parametrize(
    ("report", "name", "strict"),
    [
        ({"voice": {"score": None, "why": "too few words"}}, "voice", False),
        ({"perplexity": {"neutral": {"change": FIGURE}}}, "other knowledge", False),
        ({"perplexity": {"neutral": None}}, "other knowledge", False),
        ({"perplexity": "none"}, "other knowledge", False),
        ({"leaks": {"reported": [{"kind": "verbatim", "told": "the xylophone"}]}}, "leaks", True),
        ({"ggufSha256": "00"}, "evaluation", False),
    ],
)
def test_what_an_evaluation_found_decides(tmp_path: Path, report: dict[str, Any], name: str, strict: bool) -> None:
    home = a_home(tmp_path)
    a_run(home, report=report)
    found = gated(home)
    assert [check.name for check in found.failing] == [name]
    assert bool(found.barred) is strict
    assert "xylophone" not in str(found)


def test_a_gain_that_may_be_chance_and_a_doubt_do_not_pass(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    report = json.loads((run.folder / "evaluation" / "report.json").read_bytes())
    a_run(home, report={"voice": {**report["voice"], "gain": FIGURE}})
    assert list(failing(home)) == ["voice"]
    doubt = {"adapter": [{"told": "it repeats itself"}]}
    a_run(home, report={"voice": {**report["voice"], "flags": doubt}})
    assert failing(home)["voice"].endswith("; but it repeats itself")


def test_without_an_evaluation_nothing_is_known(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    (run.folder / "evaluation" / "report.json").unlink()
    found = gated(home)
    assert [check.name for check in found.failing] == ["evaluation", "voice", "other knowledge", "leaks"]
    assert all("`metahuman persona eval`" in check.found for check in found.failing)


@pytest.mark.parametrize("broken", ["gone", "changed", "unlisted", "no list"])
def test_files_that_are_not_what_was_trained_are_barred(tmp_path: Path, broken: str) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    tensors, card = run.folder / "adapter" / "adapter_model.safetensors", run.folder / "card.json"
    if broken == "gone":
        tensors.unlink()
    elif broken == "changed":
        tensors.write_bytes(b"other")
    else:
        edit(card, files={} if broken == "unlisted" else [1])
    assert [check.name for check in gated(home).barred] == ["files"]


def test_another_base_is_found_only_where_it_is_read(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    Path(run.job.base.path).write_bytes(b"GGUF other")
    assert "is another, or gone" in failing(home)["base"]
    assert gated(home, thorough=False).passes
    Path(run.job.base.path).unlink()
    assert not gated(home, thorough=False).passes
    assert list(failing(home)) == ["base"]
    write_registry(home.root, registry_content({"persona": ["other"]}))
    assert failing(home)["base"] == "the registry's persona is not persona"


def test_an_unfinished_run_is_barred(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    (a_run(home).folder / "card.json").unlink()
    assert "training" in [check.name for check in gated(home).barred]


def voted(run: Run, *, wins: int, losses: int) -> None:
    an_ab(run, wins + losses)
    ab = read_ab(run.folder / "evaluation")
    for number in range(wins + losses):
        shown = next_pair(ab)
        assert shown is not None
        first = shown.first.startswith("VOICE") == (number < wins)
        ab = vote(ab, shown.id, "1" if first else "2", audit=FakeAudit(), clock=FakeClock())


@pytest.mark.parametrize(("wins", "losses", "passes"), [(6, 2, True), (3, 5, True), (1, 9, False), (0, 0, True)])
def test_a_voice_that_was_voted_down_does_not_pass(tmp_path: Path, wins: int, losses: int, passes: bool) -> None:
    home = a_home(tmp_path)
    voted(a_run(home), wins=wins, losses=losses)
    assert gated(home).passes is passes


def test_votes_on_another_adapter_do_not_count_and_broken_ones_are_told(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    run = a_run(home)
    voted(run, wins=0, losses=9)
    path = run.folder / "evaluation" / "ab.json"
    edit(path, adapter="00")
    assert gated(home).passes
    path.write_text("{")
    assert "not JSON" in failing(home)["votes"]
