"""`metahuman dataset`: built, shown, compared, checked and reviewed at the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from metahuman.cli.dataset import dataset
from metahuman.home import Home
from metahuman.state.errors import BadChoice
from tests.curated import curated, home_with, names, shelve

CARD = "4111 1111 1111 1111"


def run(home: Path, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(
        dataset, words, obj=Home(home), input=typed, env={"COLUMNS": "120"}, catch_exceptions=False
    )


def told(home: Path, *words: str) -> Any:
    done = run(home, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with thirty pairs, and one that waits for its owner."""
    home_with(tmp_path, 30)
    shelve(tmp_path, curated("held", userMessage="[bold]I sing[/]\x1b[31m", flags=["other"]))
    return tmp_path


@pytest.mark.parametrize("command", [[], ["list"], ["review"], ["review", "--list"], ["check"]])
def test_looking_at_a_fresh_home_writes_nothing(tmp_path: Path, command: list[str]) -> None:
    done = run(tmp_path / "home", *command)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout
    assert not (tmp_path / "home").exists()


def test_alone_it_shows_what_there_is(home: Path) -> None:
    shown = run(home).stdout
    assert "31 curated memories give 30 pairs" in shown
    assert "      1  flagged\n" in shown
    assert "1 wait for your word: `metahuman dataset review`" in shown
    run(home, "build", "--name", "one")
    assert "dataset one: " in run(home).stdout
    found = told(home, "list")
    assert (found["curated"], found["pairs"], found["waiting"]) == (31, 30, 1)
    assert found["datasets"][0]["name"] == "one"


def test_a_dataset_is_built_shown_and_found_sound(home: Path) -> None:
    done = run(home, "build", "--dry-run")
    assert "would be written: " in done.stdout
    assert not (home / "out").exists()
    done = run(home, "build", "--name", "one", "--limit", "20")
    assert f"written: {home / 'out' / 'datasets' / 'one'}" in done.stdout
    assert "there are more than asked for" in done.stdout
    shown = run(home, "show").stdout
    assert "one: 20 of 30 pairs" in shown
    assert "user: I like" in shown
    assert len(told(home, "show", "one", "--examples", "2")["examples"]) == 2
    done = run(home, "check")
    assert (done.exit_code, "all is well" in done.stdout) == (0, True)
    events = [
        json.loads(line) for path in (home / "logs" / "audit").iterdir() for line in path.read_text().splitlines()
    ]
    assert [event["event"] for event in events] == ["dataset_built"]
    assert events[0]["details"]["chosen"] == 20


def test_a_wrong_row_is_named_and_the_exit_code_says_so(home: Path) -> None:
    run(home, "build", "--name", "one")
    path = home / "out" / "datasets" / "one" / "train.jsonl"
    path.write_text("{cut\n" + path.read_text())
    done = run(home, "check", "one")
    assert (done.exit_code, "out/datasets/one/train.jsonl:1: not JSON" in done.stdout) == (1, True)
    found = json.loads(run(home, "check", str(path), "--json").stdout)
    assert found["problems"] == [{"file": "out/datasets/one/train.jsonl", "line": 1, "what": "not JSON"}]


def test_two_datasets_are_compared(home: Path) -> None:
    run(home, "build", "--name", "one")
    run(home, "build", "--name", "two", "--half-life", "7")
    shown = run(home, "diff", "one", "two").stdout
    assert "halfLifeDays: 14.0 → 7.0" in shown
    assert told(home, "diff", "one", "one")["same"] == 30
    with pytest.raises(BadChoice, match="there is no dataset 'three'"):
        run(home, "diff", "one", "three")


@pytest.mark.parametrize(
    ("typed", "kept"), [("k\n", True), ("d\n", False), ("s\n", False), ("q\n", False), ("", False)]
)
def test_what_was_held_back_is_gone_through(home: Path, typed: str, kept: bool) -> None:
    shown = run(home, "review", typed=typed).stdout
    assert "1 of 1\nheld: the message holds tool syntax: progress; flagged: other\n" in shown
    assert "  said: [bold]I sing[/][31m\n" in shown
    assert ("held" in names(home)) is kept
    assert ("Nothing waits" in run(home, "review").stdout) is (typed in ("k\n", "d\n"))


def test_scripts_can_say_it_too(home: Path) -> None:
    assert [one["id"] for one in told(home, "review")] == ["held"]
    assert run(home, "keep", "held").stdout == "held: kept\n"
    assert "held" in names(home)
    assert run(home, "drop", "hel").stdout == "held: dropped\n"
    assert "held" not in names(home)
    assert run(home, "edit", "held", "--said", "I dance.").stdout == "held: edited\n"
    shown = next(one for one in told(home, "review", "--all") if one["id"] == "held")
    assert (shown["userMessage"], shown["pair"], shown["review"]["by"]) == ("I dance.", True, "human")
    with pytest.raises(BadChoice, match="held cannot be kept: the message holds personal data or a secret: card"):
        run(home, "edit", "held", "--said", f"use {CARD}")


def test_an_editor_has_both_sides(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "editor.py"
    script.write_text(
        "import sys; p = sys.argv[1]; t = open(p).read().replace('I sing', 'I hum'); open(p, 'w').write(t)"
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")
    assert run(home, "edit", "held").stdout == "held: edited\n"
    assert "I hum" in next(one for one in told(home, "review", "--all") if one["id"] == "held")["userMessage"]


@pytest.mark.parametrize("name", sorted(dataset.commands))
def test_each_command_has_help(tmp_path: Path, name: str) -> None:
    assert run(tmp_path, name, "--help").stdout.startswith("Usage: ")
    assert dataset.commands[name].short_help


def test_the_command_is_light_to_import() -> None:
    heavy = "{'rich', 'numpy', 'asyncio', 'pydantic', 'sqlite3', 'langchain_core', 'metahuman.memory'}"
    code = f"import sys, metahuman.cli.dataset; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
