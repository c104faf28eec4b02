"""`metahuman persona voices`, `promote`, `rollback`, and what forgetting does to a voice: from beginning to end."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from metahuman.api import MetaHuman
from metahuman.cli.persona_voices import promote, rollback, voices
from metahuman.cli.session import Session
from metahuman.home import Home
from metahuman.state.errors import BadChoice
from tests.homes import files, in_process
from tests.keepers import a_memory, keeper_of
from tests.voices import NAME, a_home, a_run, an_ab

COMMANDS = {"voices": voices, "promote": promote, "rollback": rollback}


def run(home: Home, command: str, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(
        COMMANDS[command], words, obj=home, input=typed, env={"COLUMNS": "200"}, catch_exceptions=False
    )


def told(home: Home, command: str, *words: str) -> Any:
    return json.loads(run(home, command, *words, "--json").stdout)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that remembers two things, and has a voice that was trained on them."""
    made = a_home(tmp_path)
    with keeper_of(tmp_path) as keeper:
        for name in ("evt-1", "evt-2"):
            keeper.save(a_memory(name))
    a_run(made)
    return made


def test_a_fresh_home_says_so_and_writes_nothing(tmp_path: Path) -> None:
    done = run(Home(tmp_path / "home"), "voices")
    assert (done.exit_code, done.stdout) == (0, "no voice was trained yet; `metahuman train` does that\n")
    assert not (tmp_path / "home").exists()


def test_voices_are_listed_with_what_they_have_shown(home: Home) -> None:
    a_run(home, "2026-05-18-120000-bbbbbb", report={"leaks": {"reported": [{"kind": "secret"}]}})
    broken = home.root / "out" / "adapters" / "2026-05-19" / "x" / "job.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    shown = run(home, "voices").stdout
    newest, oldest = (line for line in shown.splitlines() if "3.25 → 2.50" in line)
    assert ("2026-05-18-120000-bbbbbb" in newest, "leaks" in newest) == (True, True)
    assert (NAME in oldest, "passes" in oldest, "0.60" in oldest) == (True, True, True)
    assert f"{broken}: not JSON" in shown
    found = told(home, "voices")
    assert [(one["run"], one["passes"], one["failing"]) for one in found["voices"]] == [
        ("2026-05-18-120000-bbbbbb", False, ["leaks"]),
        (NAME, True, []),
    ]
    assert (len(found["problems"]), found["changes"]) == (1, [])


@pytest.mark.parametrize("typed", ["", "n\n", "\n"])
def test_without_a_yes_nothing_changes(home: Home, typed: str) -> None:
    before = files(home.root)
    done = run(home, "promote", typed=typed)
    assert (done.exit_code, "nothing was changed" in done.stderr) == (1, True)
    assert "as they were trained" in done.stdout
    assert files(home.root) == before


def test_a_voice_is_let_speak_and_taken_back(home: Home) -> None:
    done = run(home, "promote", NAME[:12], "--modes", "emulation, dual", typed="y\n")
    assert done.exit_code == 0, done.output
    assert f"{NAME} speaks in emulation, dual" in done.stdout
    assert "dual, emulation" in run(home, "voices").stdout
    found = told(home, "voices")
    assert found["voices"][0]["inForce"] == ["dual", "emulation"]
    assert [one["run"] for one in found["changes"]] == [NAME]
    done = run(home, "rollback")
    assert f"taken back: {NAME}, in force since " in done.stdout
    assert "persona (dual), persona (agent), persona (emulation)" in done.stdout
    with pytest.raises(BadChoice, match="could be taken back"):
        run(home, "rollback")


def test_scripts_can_say_yes_but_not_past_the_gate(home: Home) -> None:
    assert told(home, "promote", "--yes")["passes"] is True
    assert told(home, "rollback")["takenBack"][0]["run"] == NAME
    a_run(home, report={"perplexity": None})
    before = files(home.root)
    with pytest.raises(BadChoice, match="has not shown enough: other knowledge"):
        run(home, "promote", "--yes")
    assert files(home.root) == before
    assert run(home, "promote", "--yes", "--anyway", "it is me").exit_code == 0


@pytest.mark.parametrize("modes", ["loud", "", "dual,,loud"])
def test_modes_that_there_are_not_are_refused(home: Home, modes: str) -> None:
    done = run(home, "promote", "--modes", modes)
    assert (done.exit_code, "name some of dual, agent, emulation" in done.stderr) == (2, True)


def test_a_forgotten_memory_taints_the_voice_it_fed(home: Home) -> None:
    run(home, "promote", "--yes")
    (folder,) = home.root.glob("out/adapters/*/*")
    an_ab(a_run(home))
    done = in_process(home.root, "memory", "forget", "evt-1", "--yes")
    assert done.returncode == 0, done.stderr
    assert not (folder / "evaluation").exists()
    assert (folder / "adapter.gguf").exists()

    status = in_process(home.root, "status")
    assert f"the voice {NAME} (persona.with-lora, in force in emulation) is tainted" in status.stdout
    assert "`metahuman train --again`" in status.stdout
    (one,) = json.loads(in_process(home.root, "status", "--json").stdout)["taintedVoices"]
    assert (one["run"], one["modes"], one["forgotten"]) == (NAME, ["emulation"], 1)
    assert f"{NAME} is tainted" in run(home, "voices").stdout
    assert told(home, "voices")["voices"][0]["forgotten"] == ["evt-1"]
    with pytest.raises(BadChoice, match="whatever the reason: forgotten memories: 1"):
        run(home, "promote", "--yes", "--anyway", "please")

    again = "2026-05-18-120000-bbbbbb"
    a_run(home, again, memory_ids=["evt-2"])
    run(home, "promote", again, "--yes")
    assert "is tainted:" not in in_process(home.root, "status").stdout
    assert told(home, "voices")["voices"][0]["inForce"] == ["emulation"]
    with pytest.raises(BadChoice, match=f"{again} is in force in emulation"):
        run(home, "voices", "--drop", again, "--yes")
    assert run(home, "voices", "--drop", NAME, typed="n\n").exit_code == 1
    assert "deleted, " in run(home, "voices", "--drop", NAME, typed="y\n").stdout
    assert not folder.exists()
    assert [one["run"] for one in told(home, "rollback")["takenBack"]] == [again, NAME]


def test_each_sitting_begins_with_a_tainted_voice_that_speaks(home: Home) -> None:
    def greeted() -> str:
        screen = io.StringIO()
        with MetaHuman(home) as twin:
            Session(twin, Console(file=screen, width=400), "main", None).greet()
        return screen.getvalue()

    run(home, "promote", "--yes")
    assert "tainted" not in greeted()
    in_process(home.root, "memory", "forget", "evt-1", "--yes")
    assert f"the voice {NAME} (persona.with-lora, in force in emulation) is tainted" in greeted()
    checked = in_process(home.root, "models", "check", "--role", "persona", "--json")
    assert [one["run"] for one in json.loads(checked.stdout)["taintedVoices"]] == [NAME]
    assert in_process(home.root, "persona", "rollback").returncode == 0
    assert "tainted" not in greeted()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_has_help(tmp_path: Path, name: str) -> None:
    assert run(Home(tmp_path), name, "--help").stdout.startswith("Usage: ")
    assert COMMANDS[name].short_help


def test_the_commands_are_light_to_import() -> None:
    heavy = "{'rich', 'numpy', 'asyncio', 'pydantic', 'sqlite3', 'langchain_core', 'metahuman.voice'}"
    code = (
        f"import sys, metahuman.cli.persona_voices, metahuman.cli.persona_ab; print(sorted({heavy} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
