"""Tests of `metahuman route TEXT`: who decides, on what grounds, and that nothing is done."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from metahuman.audit.reader import Reader
from metahuman.home import Home
from metahuman.state.parts import DESTINATIONS
from metahuman.state.shipped import SHIPPED
from tests.homes import ENCODER, files, in_process, metahuman, write_registry
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer

CODE = "write me a python function that parses dates"
#: Nothing that the letters of it would decide.
UNSURE = "read the second one"
PLAN = json.dumps({"tasks": [{"destination": "planner", "task": "the second one"}], "confidence": 0.8})


@pytest.fixture
def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the encoder away, so that letters decide."""
    monkeypatch.setenv("METAHUMAN_MODELS", str(tmp_path / "no models"))


def asks(address: str) -> dict[str, Any]:
    """Return a registry whose orchestrator and persona are `m` of an Ollama."""
    return {
        "defaults": {"orchestrator": "small.one", "persona": "small.one"},
        "models": {"small.one": {"provider": "ollama", "model": "m", "roles": ["orchestrator", "persona"]}},
        "providers": {"ollama": {"baseUrl": address}},
    }


def write_asks(home: Path, address: str, **settings: Any) -> None:
    """Write that registry, and settings under which the classifier decides what it is half sure of."""
    write_registry(home, asks(address))
    rules = json.loads((SHIPPED / "routing.json").read_bytes()) | {"thresholds": dict.fromkeys(DESTINATIONS, 0.5)}
    (home / "etc" / "routing.json").write_text(json.dumps(rules | settings))


def explained(home: Path, *arguments: str, typed: str = "") -> dict[str, Any]:
    done = in_process(home, "route", *arguments, "--json", typed=typed)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.usefixtures("letters")
class TestExplain:
    @pytest.mark.parametrize("words", [(CODE,), ("explain", CODE), CODE.split(), ("--", *CODE.split())])
    def test_a_text_is_explained(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        done = in_process(tmp_path / "home", "route", *words)
        assert (done.returncode, done.stderr) == (0, "")
        first, second, third = done.stdout.splitlines()[:3]
        assert first == f"coder: {CODE}"
        assert second.startswith("The classifier decides: it is ")
        assert third.startswith("urgency normal · intent: write me a python function")
        assert all(f" {name} " in done.stdout for name in DESTINATIONS)
        assert "encoder letters" in done.stdout
        assert not (tmp_path / "home").exists()

    def test_scripts_get_everything(self, tmp_path: Path) -> None:
        found = explained(tmp_path, CODE)
        assert (found["mode"], found["model"]) == ("dual", None)
        assert found["route"]["tasks"] == [{"destination": "coder", "task": CODE}]
        assert (found["route"]["decidedBy"], found["route"]["urgency"]) == ("classifier", "normal")
        assert "python function" in found["route"]["topics"]
        judged = found["classifier"]
        assert judged["sure"]
        assert judged["confidence"] >= judged["needed"] == judged["thresholds"]["coder"]
        assert set(judged["scores"]) == set(judged["thresholds"]) == set(DESTINATIONS)
        assert judged["latencyMs"] > 0

    def test_standard_input_may_be_anything(self, tmp_path: Path) -> None:
        assert explained(tmp_path, "-", typed=CODE)["route"]["tasks"][0]["task"] == CODE
        done = metahuman(tmp_path, "route", "-", "--json", input="\udcff\x00 \udc9f!", errors="surrogateescape")
        assert json.loads(done.stdout)["route"]["decidedBy"] == "rule"
        assert explained(tmp_path, "-", typed="")["route"]["tasks"] == [{"destination": "conversation", "task": ""}]

    def test_an_explicit_command_decides(self, tmp_path: Path) -> None:
        found = explained(tmp_path, "/plan a week in Oslo")
        assert found["route"]["decidedBy"] == "rule"
        assert found["route"]["tasks"] == [{"destination": "planner", "task": "a week in Oslo"}]
        assert found["classifier"] is None
        assert "A rule decides" in in_process(tmp_path, "route", "/plan a week in Oslo").stdout

    def test_a_mode_without_routes_decides(self, tmp_path: Path) -> None:
        done = in_process(tmp_path, "route", "--mode", "emulation", CODE)
        assert done.stdout.startswith(f"conversation: {CODE}\nThe mode decides: in emulation all is conversation.\n")

    def test_what_went_before_is_told(self, tmp_path: Path) -> None:
        with OllamaServer(models=("m",), answers=[Answer(PLAN)]) as server:
            write_asks(tmp_path, server.url)
            before = ("--earlier", "owner: my notes?", "--earlier", "twin: three.", "--tool", "fs_list: a b c")
            explained(tmp_path, UNSURE, *before, "--focus", "notes", "--active", "tidy up", "--model")
            [body] = [one.body for one in server.requests if one.path == "/api/chat"]
        asked = body["messages"][-1]["content"]
        for line in ("owner: my notes?", "twin: three.", "Tools: fs_list: a b c", "Focus: notes", "tasks: tidy up"):
            assert line in asked
        done = in_process(tmp_path, "route", UNSURE, "--earlier", "somebody: hello")
        assert done.returncode == 2
        assert "begin with 'owner: ' or 'twin: '" in done.stderr

    def test_who_would_be_asked_is_named_and_nobody_is(self, tmp_path: Path) -> None:
        with OllamaServer(models=("m",)) as server:
            write_asks(tmp_path, server.url)
            before = files(tmp_path)
            found = explained(tmp_path, UNSURE)
            shown = " ".join(in_process(tmp_path, "route", UNSURE).stdout.split())
            assert server.requests == []
        assert files(tmp_path) == before
        assert (found["route"]["decidedBy"], found["classifier"]["sure"]) == ("model", False)
        assert found["model"] == {"modelId": "small.one", "answer": None, "call": None}
        assert found["route"]["tasks"] == found["classifier"]["tasks"]
        assert "The orchestrator's model small.one would be asked; this is the classifier's guess" in shown

    def test_the_model_is_asked_and_only_that_is_audited(self, tmp_path: Path) -> None:
        with OllamaServer(models=("m",), answers=[Answer(PLAN), Answer(PLAN)]) as server:
            write_asks(tmp_path, server.url)
            found = explained(tmp_path, UNSURE, "--model")
            shown = in_process(tmp_path, "route", CODE, "--model", columns=200).stdout
        assert found["route"] == found["model"]["answer"]
        assert (found["route"]["decidedBy"], found["route"]["confidence"]) == ("model", 0.8)
        assert found["route"]["tasks"] == [{"destination": "planner", "task": "the second one"}]
        assert found["model"]["call"]["modelId"] == "small.one"
        assert shown.startswith(f"coder: {CODE}\nThe classifier decides")
        assert "small.one says, after " in shown
        assert " ms: planner: the second one · confidence 0.80" in shown
        written = [*Reader(Home(tmp_path).audit).read()]
        assert [one["details"]["role"] for one in written if one["event"] == "llm_call"] == ["orchestrator"] * 2
        assert "route_decided" not in {one["event"] for one in written}

    def test_a_model_that_fails_is_one_line(self, tmp_path: Path) -> None:
        write_asks(tmp_path, "http://127.0.0.1:9")
        found = explained(tmp_path, UNSURE, "--model")
        assert found["route"]["decidedBy"] == "fallback"
        assert "operator" not in {task["destination"] for task in found["route"]["tasks"]}
        shown = in_process(tmp_path, "route", UNSURE, "--model", columns=300).stdout
        assert len([line for line in shown.splitlines() if line.startswith("The model says nothing: no model")]) == 1

    def test_where_no_model_is_to_be_asked_a_fallback_decides(self, tmp_path: Path) -> None:
        write_asks(tmp_path, "http://127.0.0.1:9", askModel=False)
        assert explained(tmp_path, UNSURE)["route"]["decidedBy"] == "fallback"
        assert "A fallback decides" in in_process(tmp_path, "route", UNSURE).stdout

    def test_where_a_threshold_is_1_a_model_is_asked_however_sure_it_is(self, tmp_path: Path) -> None:
        write_asks(tmp_path, "http://127.0.0.1:9", thresholds={})
        shown = " ".join(in_process(tmp_path, "route", CODE).stdout.split())
        assert "small.one would be asked" in shown
        assert "sure, but routing.json wants a model asked all the same" in shown

    def test_a_text_cannot_steer_the_terminal(self, tmp_path: Path) -> None:
        shown = in_process(tmp_path, "route", "\x1b[31mred[/] [bold]bold\a").stdout
        assert "[31mred[/] [bold]bold" in shown
        assert "\x1b" not in shown

    def test_a_long_paste_is_shown_in_short(self, tmp_path: Path) -> None:
        done = in_process(tmp_path, "route", "-", typed=f"summarize this: {'lorem ipsum dolor ' * 3000}")
        assert done.returncode == 0
        assert len(done.stdout) < 6000


@pytest.mark.real_model
@pytest.mark.skipif(not ENCODER.exists(), reason="the encoder is not there: metahuman models pull")
def test_with_the_encoder_the_nearest_examples_are_shown(tmp_path: Path) -> None:
    found = explained(tmp_path, CODE)
    assert found["route"]["tasks"][0]["destination"] == "coder"
    nearest = found["classifier"]["nearest"]
    assert len(nearest) == 5
    assert nearest[0]["destination"] == "coder"
    assert [one["nearness"] for one in nearest] == sorted((one["nearness"] for one in nearest), reverse=True)
    shown = in_process(tmp_path, "route", CODE).stdout
    assert f"{nearest[0]['nearness']:.2f}   coder" in shown


def test_a_group_alone_shows_its_help(tmp_path: Path) -> None:
    done = in_process(tmp_path, "route", "--help")
    assert done.returncode == 0
    assert "TEXT | COMMAND" in done.stdout


def test_the_command_is_light_to_import() -> None:
    heavy = "{'rich', 'numpy', 'asyncio', 'matplotlib', 'langchain_core', 'metahuman.routing'}"
    code = f"import sys, metahuman.cli.route; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
