"""Tests of what a shell completes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

import click
import pytest
from click.shell_completion import ShellComplete

from metahuman.cli import COMMANDS, cli
from tests.homes import TALK, in_process, scripted

#: A console script, as `pip install` makes it.
SCRIPT = f"#!{sys.executable}\nimport sys\nfrom metahuman.cli import main\nsys.exit(main())\n"
SHELLS = {"bash": "complete -o nosort -F", "zsh": "#compdef metahuman", "fish": "complete --no-files --command"}


def completed(home: Path, *words: str) -> set[str]:
    """Return what is offered for the last of some words."""
    group = cast(click.Group, cli)
    complete = ShellComplete(group, {}, "metahuman", "_METAHUMAN_COMPLETE")
    return {one.value for one in complete.get_completions(["--home", str(home), *words[:-1]], words[-1])}


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_script(tmp_path: Path, shell: str) -> None:
    done = in_process(tmp_path / "home", "completion", shell)
    assert SHELLS[shell] in done.stdout
    assert "_METAHUMAN_COMPLETE" in done.stdout
    assert not (tmp_path / "home").exists()
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True)


def test_commands_are_completed_without_importing_them() -> None:
    code = (
        "import sys; from click.shell_completion import ShellComplete; from metahuman.cli import cli; "
        "found = ShellComplete(cli, {}, 'metahuman', '_X').get_completions([], ''); "
        "print(len(found), [name for name in sys.modules if name.startswith('metahuman.cli.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{len(COMMANDS)} []\n"


def test_names_of_the_home_are_completed(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK, TALK], persona=["one", "two"]) as twin:
        twin.chat("hello", thread="garden")
        twin.chat("hello", thread="work")
    for folder in ("out/datasets/spring", "out/adapters/2026-05-17/run-one", "out/adapters/2026-05-18/run-two"):
        (tmp_path / folder).mkdir(parents=True)
    assert completed(tmp_path, "chat", "--thread", "") == {"garden", "work"}
    assert completed(tmp_path, "chat", "--thread", "g") == {"garden"}
    assert completed(tmp_path, "ask", "--mode", "") == {"dual", "agent", "emulation"}
    assert completed(tmp_path, "models", "pull", "pers") == {"persona"}
    assert completed(tmp_path, "train", "--dataset", "") == {"spring"}
    assert completed(tmp_path, "persona", "promote", "") == {"run-one", "run-two"}
    assert completed(tmp_path, "persona", "promote", "run-t") == {"run-two"}
    assert completed(tmp_path, "approvals", "yes", "w") == {"work"}
    assert "--thread" in completed(tmp_path, "chat", "--")


def test_a_broken_home_completes_nothing_and_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "state" / "checkpoints.sqlite").write_text("no database")
    (tmp_path / "etc" / "models.json").write_text("{")
    assert completed(tmp_path, "chat", "--thread", "") == set()
    assert completed(tmp_path, "models", "pull", "") == set()
    assert completed(tmp_path / "nowhere", "chat", "--thread", "") == set()


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_a_bash_completes_with_it(tmp_path: Path) -> None:
    (tmp_path / "metahuman").write_text(SCRIPT)
    (tmp_path / "metahuman").chmod(0o755)
    script = in_process(tmp_path / "home", "completion", "bash").stdout
    asked = 'COMP_WORDS=(metahuman do); COMP_CWORD=1; _metahuman_completion metahuman; echo "${COMPREPLY[@]}"'
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    run = {"capture_output": True, "text": True, "check": True, "env": environment}
    done = subprocess.run(["bash", "-c", f"{script}\n{asked}"], **run)
    assert done.stdout == "doctor\n"
