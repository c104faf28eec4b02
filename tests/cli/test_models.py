"""Tests of `metahuman models plan`, `check` and `pull`."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from metahuman.cli import cli
from metahuman.cli.model_plan import show, size
from tests.homes import write_registry
from tests.models.test_plan import THREE, machine, plan, registry
from tests.resolved import write_gguf
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer

CALLS_THE_TOOL = Answer(tool_calls=[("Add", {"a": 17, "b": 25})])  # type: ignore[arg-type]
COLOUR = Answer('{"name": "red", "warm": true}')


def run(home: Path, *arguments: str, **environment: str) -> Result:
    runner = CliRunner(env={"COLUMNS": "80", **environment})
    return runner.invoke(cli, ["--home", str(home), "models", *arguments], catch_exceptions=False)


def content(address: str, **sections: Any) -> dict[str, Any]:
    """Return a registry whose orchestrator and persona are `small` and `large` of an Ollama."""
    models = {
        "small.one": {"provider": "ollama", "model": "small", "roles": ["orchestrator"]},
        "large.one": {"provider": "ollama", "model": "large", "roles": ["persona"]},
    }
    return {
        "defaults": {"orchestrator": "small.one", "persona": "large.one"},
        "models": models,
        "providers": {"ollama": {"baseUrl": address}},
        **sections,
    }


def shown(ram: float, value: Mapping[str, Any] = THREE, *, own: bool = True) -> str:
    """Return how a plan looks in a terminal of the usual width."""
    screen = io.StringIO()
    show(Console(file=screen, width=80, highlight=False), plan(value, machine(ram)), registry(value), own=own)
    return screen.getvalue()


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("ram", "told"),
    [
        (64, "Everything fits together."),
        (24, "Only one big model fits: persona and orchestrator can stay in memory, and what finds no room beside"),
        (18.5, "Too big for this machine: coder, which would fit with a context window of 4096 tokens."),
        (12, "persona, whatever its context window (name a smaller model); coder, whatever"),
    ],
)
def test_a_plan_tells_how_the_models_get_along(ram: float, told: str) -> None:
    assert told in one_line(shown(ram))


def test_the_other_ways_to_get_along() -> None:
    curator = {**THREE["models"]["coder"], "model": "middle"}
    more = {**THREE, "defaults": {**THREE["defaults"], "curator": "curator"}}
    told = one_line(shown(38, {**more, "models": {**THREE["models"], "curator": curator}}))
    assert "Not all at once: orchestrator and persona can stay in memory, the others come in turn." in told
    wide = {**curator, "options": {"contextWindow": 81920}}
    told = one_line(shown(18.5, {**THREE, "models": {**THREE["models"], "coder": wide}}))
    assert "One after the other: each fits alone, but not beside those that should stay." in told


def test_a_plan_fits_a_terminal_of_the_usual_width() -> None:
    lines = shown(24).splitlines()
    assert max(map(len, lines)) <= 80
    (row,) = (line.split() for line in lines if line.strip().startswith("persona"))
    assert row == ["persona", "16.0", "GiB", "1.0", "GiB", "17.0", "GiB", "RAM", "persona", "(1)"]
    assert "This machine: 24.0 GiB of RAM; 0% to be kept free" in shown(24)


def test_a_plan_ends_with_the_lines_to_change() -> None:
    assert shown(24).endswith(
        'To change in models.json:\n  models.coder.model: "large"\n'.replace("'", '"')
        + "  models.persona.metadata.alwaysLoaded: true\n"
        "  models.orchestrator.metadata.alwaysLoaded: true\n"
    )
    assert "To change in models.json (`metahuman init` puts a copy into your home):" in shown(24, own=False)


def test_models_that_are_one_in_memory_are_counted_once() -> None:
    one = {**THREE, "models": {**THREE["models"], "coder": THREE["models"]["persona"]}}
    (row,) = (line for line in shown(24, one).splitlines() if line.strip().startswith("coder"))
    assert row.split() == ["coder", "the", "same", "RAM", "coder", "(1)"]


@pytest.mark.parametrize(
    ("count", "told"), [(0, "—"), (1, "1 MiB"), (94 << 20, "94 MiB"), (1 << 30, "1.0 GiB"), (41 << 29, "20.5 GiB")]
)
def test_sizes(count: int, told: str) -> None:
    assert size(count) == told


def test_the_plan_of_a_home(tmp_path: Path) -> None:
    built = {"llama.block_count": 2, "llama.embedding_length": 64, "llama.attention.head_count": 4}
    file = write_gguf(tmp_path / "tiny.gguf", built)
    value = content("http://127.0.0.1:9")
    value["models"]["large.one"] = {"provider": "local", "model": str(file)}
    write_registry(tmp_path, value)
    found = json.loads(run(tmp_path, "plan", "--mode", "dual", "--json", PATH="").stdout)
    small, large = found["models"]
    assert (found["mode"], found["verdict"], found["machine"]["gpus"]) == ("dual", "together", [])
    assert (small["runsIn"], small["total"], small["why"]) == ("unknown", None, "nothing answers at http://127.0.0.1:9")
    assert (large["runsIn"], large["weights"]) == ("ram", file.stat().st_size)
    assert large["kv"] == 2 * 64 * 2 * 2 * 4096
    assert found["changes"] == {"models.large.one.metadata.alwaysLoaded": True}
    assert found["patch"] == {"models": {"large.one": {"metadata": {"alwaysLoaded": True}}}}
    told = run(tmp_path, "plan", PATH="").stdout
    assert "Of those whose size is known: everything fits together.\n" in told
    assert "Not counted: small.one (nothing answers at http://127.0.0.1:9)\n" in told


def test_a_check_of_models_that_are_well(tmp_path: Path) -> None:
    answers = [Answer("I am a model."), COLOUR, CALLS_THE_TOOL] * 2
    with OllamaServer(models=("small", "large"), answers=answers) as server:
        write_registry(tmp_path, content(server.url))
        done = run(tmp_path, "check")
        server.say(*answers[:3])
        found = json.loads(run(tmp_path, "check", "--role", "persona", "--json").stdout)
    assert done.exit_code == 0
    rows = [line.split() for line in done.stdout.splitlines() if ".one" in line]
    assert [(row[0], row[3], row[-2:]) for row in rows] == [
        ("small.one", "✓", ["✓", "✓"]),
        ("large.one", "✓", ["✓", "✓"]),
    ]
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert found["unanswered"] == []
    (one,) = found["models"]
    assert (one["modelId"], one["askedAs"], one["json"], one["tool"]) == ("large.one", {"persona": 1}, True, True)
    assert one["firstTokenMs"] > 0
    assert one["tokensPerSecond"] > 0


def test_a_check_of_models_that_are_not(tmp_path: Path) -> None:
    """What a server says is text: it neither colours nor rings."""
    broken = Answer(status=400, error="no \x1b[31mred[/]\a tools")
    with OllamaServer(models=("small",), answers=[Answer("I am a model."), COLOUR, broken]) as server:
        write_registry(tmp_path, content(server.url))
        done = run(tmp_path, "check")
    assert done.exit_code == 1
    small, large = (line.split() for line in done.stdout.splitlines() if line.startswith((" small", " large")))
    assert small[-2:] == ["✓", "✗"]
    assert large[-5:] == ["✗", "—", "—", "—", "—"]
    assert "large.one: reaching it: Ollama has no large: `ollama pull large`\n" in done.stdout
    assert "small.one: calling a tool: Ollama refuses the request: no [31mred[/] tools\n" in done.stdout
    assert done.stdout.endswith("nobody answers as persona\n")


def test_a_check_of_a_role_that_is_not_there(tmp_path: Path) -> None:
    write_registry(tmp_path, content("http://127.0.0.1:9"))
    done = run(tmp_path, "check", "--role", "cook")
    assert done.exit_code == 2
    assert "no role 'cook'; there are orchestrator, persona" in done.stderr


def test_what_ollama_lacks_is_told_and_not_fetched_unasked(tmp_path: Path) -> None:
    with OllamaServer(models=("other",)) as server:
        write_registry(tmp_path, content(server.url))
        done = run(tmp_path, "pull")
        assert server.models == ["other:latest"]
    told = "Ollama lacks small, large; `metahuman models pull --yes` fetches them\n"
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", told)


def test_no_server_no_word(tmp_path: Path) -> None:
    write_registry(tmp_path, content("http://127.0.0.1:9"))
    done = run(tmp_path, "pull")
    assert (done.exit_code, done.output) == (0, "")


def test_what_ollama_lacks_is_fetched_if_that_was_said(tmp_path: Path) -> None:
    with OllamaServer(models=("small",)) as server:
        write_registry(tmp_path, content(server.url))
        done = run(tmp_path, "pull", "--yes")
        assert server.models == ["small:latest", "large:latest"]
    assert (done.exit_code, done.stdout) == (0, "large\n")


def test_models_are_fetched_by_id_or_role_and_no_others(tmp_path: Path) -> None:
    with OllamaServer(models=()) as server:
        write_registry(tmp_path, content(server.url))
        assert run(tmp_path, "pull", "persona", "large.one").stdout == "large\n"
        assert server.models == ["large:latest"]
        assert run(tmp_path, "pull", "small.one").exit_code == 0
        assert server.models == ["large:latest", "small:latest"]
        done = run(tmp_path, "pull", "cook")
    assert done.exit_code == 2
    assert "no model or role 'cook'; there are small.one, large.one, orchestrator, persona" in done.stderr


def test_one_that_cannot_be_fetched_is_a_line_and_the_others_come(tmp_path: Path) -> None:
    value = content("")
    value["models"]["served"] = {"provider": "openai", "model": "m"}
    value["models"]["file"] = {"provider": "local", "model": "/nowhere/m.gguf"}
    with OllamaServer(models=()) as server:
        value["providers"]["ollama"]["baseUrl"] = server.url
        write_registry(tmp_path, value)
        done = run(tmp_path, "pull", "served", "file", "small.one")
    assert (done.exit_code, done.stdout) == (1, "small\n")
    served, file = done.stderr.splitlines()
    assert served == "metahuman: served: its server has what it was started with, and fetches nothing"
    assert file.startswith("metahuman: no model file /nowhere/m.gguf: put it there")


def in_a_terminal(home: Path, typed: bytes, *arguments: str) -> tuple[int, str]:
    """Run a command in a terminal of its own, where a person types; return its exit code and what was shown."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "metahuman", "--home", str(home), "models", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        os.write(ours, typed)
        screen = b""
        try:
            while part := os.read(ours, 4096):
                screen += part
        except OSError:  # the terminal is closed with the process
            pass
        os.close(ours)
    return process.returncode, screen.decode()


@pytest.mark.parametrize(("typed", "there"), [(b"y\n", ["small:latest", "large:latest"]), (b"\n", ["small:latest"])])
def test_a_person_is_asked_once(tmp_path: Path, typed: bytes, there: list[str]) -> None:
    with OllamaServer(models=("small",)) as server:
        write_registry(tmp_path, content(server.url))
        code, screen = in_a_terminal(tmp_path, typed, "pull")
        assert server.models == there
    assert code == 0
    assert "large: large.one" in screen
    assert screen.count("[y/N]") == 1


def test_ctrl_c_leaves_nothing_half(tmp_path: Path) -> None:
    with OllamaServer(models=()) as server:
        server.transfer = Answer(chunk_delay=0.5)
        write_registry(tmp_path, content(server.url))
        command = [sys.executable, "-m", "metahuman", "--home", str(tmp_path), "models", "pull", "small.one"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not any(request.path == "/api/pull" for request in server.requests):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        told, complained = process.communicate(timeout=30)
        assert server.models == []
    assert (process.returncode, told) == (130, "")
    assert "Traceback" not in complained
