"""Tests of the commands as people run them: what they print, how they fail, and what `--help` costs."""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest

from metahuman.cli import COMMANDS
from tests.homes import files, in_process, metahuman, served, write_registry
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer


def test_help_lists_the_commands_in_their_own_words() -> None:
    for name, told in COMMANDS.items():
        command = getattr(importlib.import_module(f"metahuman.cli.{name}"), name)
        assert isinstance(command, click.Command)
        assert command.get_short_help_str(200) == told


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from metahuman.cli import cli; cli(['--help'], standalone_mode=False); "
        "print({'pydantic', 'langchain_core', 'langgraph', 'rich', 'httpx'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Talk with the twin." in done.stdout
    assert done.stderr == "set()\n"


@pytest.mark.parametrize("command", [[name] for name in COMMANDS] + [["models", "pull"], ["models", "validate"]])
def test_every_command_has_help(tmp_path: Path, command: list[str]) -> None:
    done = in_process(tmp_path / "home", *command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: ")
    assert not (tmp_path / "home").exists()


def test_ask_takes_words_or_standard_input_and_prints_json_for_scripts(tmp_path: Path) -> None:
    with OllamaServer(models=("m",), answers=[Answer("one"), Answer("two"), Answer("three")]) as server:
        write_registry(tmp_path, served(server.url))
        assert in_process(tmp_path, "ask", "what", "is", "it?").stdout == "one\n"
        assert in_process(tmp_path, "ask", typed="and now?\n").stdout == "two\n"
        reply = json.loads(in_process(tmp_path, "ask", "--json", "--thread", "other", "again").stdout)
    assert (reply["text"], reply["thread"], reply["calls"][0]["role"]) == ("three", "other", "persona")


def test_what_a_model_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    with OllamaServer(models=("m",), answers=[Answer("\x1b[31mred[/] [bold]bold\a")]) as server:
        write_registry(tmp_path, served(server.url))
        assert in_process(tmp_path, "ask", "colour?").stdout == "[31mred[/] [bold]bold\n"


def one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("metahuman: ")
    for word in words:
        assert word in done.stderr


def test_a_broken_registry_is_one_line(tmp_path: Path) -> None:
    write_registry(tmp_path, {"defaults": {"persona": "nobody"}})
    before = files(tmp_path)
    for command in (["ask", "hello"], ["models"]):
        one_line(
            in_process(tmp_path, *command), "etc/models.json: defaults.persona: no model 'nobody'", "; name one of"
        )
    assert files(tmp_path) == before
    done = in_process(tmp_path, "models", "validate")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 2


def test_a_home_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    one_line(in_process(tmp_path / "file" / "home", "ask", "hello"), "file/home")


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_leaves_nothing_half(tmp_path: Path) -> None:
    """A limit on the size of files is the full disk that every machine has: writes fail in the middle."""
    with OllamaServer(models=("m",), answers=[Answer("one")]) as server:
        write_registry(tmp_path, served(server.url))

        def no_room() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

        done = metahuman(tmp_path, "ask", "hello", preexec_fn=no_room)
    one_line(done, str(tmp_path), "room")
    for place, data in files(tmp_path, but="logs").items():
        assert not place.endswith(".json") or json.loads(data), place


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    script = (
        f'{sys.executable} -m metahuman --home "{tmp_path}" models list --json | head -1; echo "${{PIPESTATUS[0]}}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "{\n0\n"
    assert done.stderr == ""


def test_status_reads_model_calls_that_an_older_system_wrote(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "audit" / "2025-11-04.ndjson"
    log.parent.mkdir(parents=True)
    log.write_text('{"timestamp": "2025-11-04T12:00:00Z", "event": "llm_call", "details": {"role": "persona"}}\n')
    assert in_process(tmp_path, "status", columns=200).returncode == 0


def test_status_tells_who_answers_and_why_not_the_first(tmp_path: Path) -> None:
    with OllamaServer(models=("other",)) as server:
        write_registry(tmp_path, served(server.url, fallback="http://127.0.0.1:9"))
        status = json.loads(in_process(tmp_path, "status", "--json").stdout)
        told = in_process(tmp_path, "status", columns=200).stdout
    persona = status["modelRoles"]["persona"]
    assert (persona["modelId"], persona["answering"], persona["lastCall"]) == ("first", None, None)
    assert persona["problems"]["first"] == "Ollama has no m: `ollama pull m`"
    assert status["modelRoles"]["orchestrator"]["modelId"] is None
    assert (status["memories"], status["threads"]) == (0, 0)
    assert "nobody" in told
    assert "Ollama has no m" in told


def test_the_models_are_listed_in_the_order_they_are_asked(tmp_path: Path) -> None:
    told = in_process(tmp_path, "models", columns=200).stdout
    assert "persona (2)" in next(line for line in told.splitlines() if "embedded" in line)


def test_the_schema_printed_is_the_one_checked_in(tmp_path: Path) -> None:
    from metahuman.home import SHIPPED

    assert in_process(tmp_path, "models", "schema").stdout == (SHIPPED / "models.schema.json").read_text()


def test_a_mistake_of_the_programs_is_one_line_unless_asked_for_more(tmp_path: Path) -> None:
    code = (
        "import metahuman.cli as c, metahuman.home, sys; sys.argv = ['metahuman', 'status']\n"
        "metahuman.home.Home.create = lambda self: 1 / 0\n"
        "c.main()"
    )
    run = {"capture_output": True, "text": True, "check": False}
    one_line(subprocess.run([sys.executable, "-c", code], **run), "ZeroDivisionError: division by zero")
    environment = os.environ | {"METAHUMAN_TRACEBACK": "1"}
    assert "Traceback" in subprocess.run([sys.executable, "-c", code], env=environment, **run).stderr
