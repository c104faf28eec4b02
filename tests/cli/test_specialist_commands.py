"""Tests of the commands about specialists, as people run them at the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metahuman.cli.console import footnote
from metahuman.cli.made import outside
from metahuman.state.errors import ModelDown
from tests.cli.test_specialists import ROUTE, TWO_FILES
from tests.fakes import Answer
from tests.homes import in_process, scripted, write_registry
from tests.metahuman.test_products import PASTED, SUMMARY
from tests.servers.answer import Answer as Served
from tests.servers.ollama import OllamaServer
from tests.talk import plan


def test_artifacts_are_saved_from_the_shell(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert in_process(home, "save", "--list").stdout == "No specialist has made anything here yet.\n"
    with scripted(home, orchestrator=[ROUTE], coder=[TWO_FILES], planner=[plan("x")], persona=["."]) as twin:
        assert "(`metahuman save`)" in footnote(twin.chat("sort and plan"), outside("main")).plain
    listed = in_process(home, "save", "--list").stdout.splitlines()
    assert [line.split("  ")[1] for line in listed] == ["make, 2 lines", "python, 1 line", "plan, 1 step"]
    artifacts = json.loads(in_process(home, "save", "--list", "--json").stdout)["artifacts"]
    assert artifacts[1]["artifact"]["text"] == "print(sorted([2, 1]))\n"
    done = in_process(home, "save", "sort.py", "--to", str(tmp_path / "out"))
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/out/sort.py\n")
    saved = json.loads(in_process(home, "save", "--json", "--to", str(tmp_path / "out")).stdout)["saved"]
    assert saved[1] == f"{tmp_path}/out/sort-2.py"
    done = in_process(home, "save", "--thread", "other")
    assert (done.returncode, done.stderr) == (1, "metahuman: no specialist has made anything here yet\n")


def on_server(home: Path, address: str) -> None:
    """Write a models.json in which every role is `m` on an Ollama server."""
    roles = ("orchestrator", "persona", "coder", "planner", "summarizer", "curator", "dreamer")
    content = {
        "defaults": dict.fromkeys(roles, "m"),
        "models": {"m": {"provider": "ollama", "model": "m", "roles": [*roles]}},
        "providers": {"ollama": {"baseUrl": address}},
    }
    write_registry(home, content)


def test_a_part_that_failed_is_done_again_from_the_shell(tmp_path: Path) -> None:
    script: dict[str, list[Answer]] = {"coder": [ModelDown("no server")], "persona": ["none"]}
    with scripted(tmp_path, **script) as twin:
        twin.chat("/code sort it")
    with OllamaServer(models=("m",), answers=[Served(TWO_FILES), Served("there")]) as server:
        on_server(tmp_path, server.url)
        done = in_process(tmp_path, "again")
        assert done.stdout == f"coder: build.mk, sort.py\n{TWO_FILES}\nthere\n"
    done = in_process(tmp_path, "again", "coder", "cook")
    assert (done.returncode, done.stderr.split(";")[0]) == (1, "metahuman: no specialist 'cook'")
    assert "no specialist's work is to be done again" in in_process(tmp_path, "again").stderr


def test_one_specialist_without_a_conversation(tmp_path: Path) -> None:
    one = "Here:\n```python sort.py\nsorted([])\n```"
    with OllamaServer(models=("m",), answers=[Served(one), Served(SUMMARY), Served(one)]) as server:
        on_server(tmp_path / "home", server.url)
        done = in_process(tmp_path / "home", "specialist", "coder", "sort", "--save", str(tmp_path / "out"))
        assert (done.returncode, done.stdout) == (0, "sorted([])\n")
        assert done.stderr == f"saved {tmp_path}/out/sort.py\n"
        given = in_process(
            tmp_path / "home", "specialist", "summarizer", "in 2 sentences", "--input", "-", "--json", typed=PASTED
        )
        (tmp_path / "home" / "etc" / "routing.json").unlink()
        result = in_process(tmp_path / "home", "specialist", "auto", "a script that", "renames photos", "--json")
    (summary,) = json.loads(given.stdout)["artifacts"]
    assert summary["pointers"][0]["start"] > 0
    assert json.loads(result.stdout)["type"] == "coder"
    assert not (tmp_path / "home" / "state" / "checkpoints.sqlite").exists()


@pytest.mark.parametrize(
    ("answer", "told", "wrong"),
    [
        ("```python sort.py\ndef f(:\n```", "def f(:\n", "sort.py: line 1: "),
        ("I would rather not", "I would rather not\n", "coder: there is no fenced block of code in the answer"),
        ("", "", "coder: "),
    ],
)
def test_what_came_out_wrong_is_shown_and_ends_in_an_error(tmp_path: Path, answer: str, told: str, wrong: str) -> None:
    with OllamaServer(models=("m",), answers=[Served(answer)] * 4) as server:
        on_server(tmp_path, server.url)
        done = in_process(tmp_path, "specialist", "coder", "sort")
    assert (done.returncode, done.stdout) == (1, told)
    assert done.stderr.startswith(f"metahuman: {wrong}")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("cook", "soup"), 2, "coder"),
        (("coder",), 2, "DESCRIPTION"),
        (("coder", "x", "--input", "nowhere.txt"), 1, "nowhere.txt"),
        (("auto", "hm"), 1, "name one: coder"),
    ],
)
def test_a_task_that_is_nobodys(tmp_path: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = in_process(tmp_path, "specialist", *arguments)
    assert done.returncode == code
    assert told in done.stderr


def test_an_input_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\x89PNG\0")
    done = in_process(tmp_path, "specialist", "summarizer", "it", "--input", str(tmp_path / "picture"))
    assert done.returncode == 2
    assert "is no text" in done.stderr
