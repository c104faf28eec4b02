"""Tests of `metahuman memory`: what it counts, lists, finds and shows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from metahuman.cli.memory import memory
from metahuman.memory.index import Where
from metahuman.remembering import documents
from metahuman.state.memories import Memory
from tests.homes import files, in_process
from tests.keepers import a_memory, keeper_of


def keep(home: Path, *memories: Memory) -> None:
    with keeper_of(home) as keeper:
        for one in memories:
            keeper.save(one)


def told(home: Path, *arguments: str) -> Any:
    done = in_process(home, "memory", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def listed(home: Path, *arguments: str) -> list[str]:
    return [one["id"] for one in told(home, "list", *arguments)["memories"]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with four memories of three kinds and three years."""
    replaced = {"supersededBy": "porto", "validUntil": "2026-01-01T00:00:00Z"}
    keep(
        tmp_path,
        a_memory("lisbon", "I live in Lisbon by the river", timestamp="2024-05-01T10:00:00Z", metadata=replaced),
        a_memory("flight", "a dream of flying over the harbour", timestamp="2025-06-01T10:00:00Z", type="dream"),
        a_memory("porto", "[bold]we moved[/] to Porto\x1b[31m", timestamp="2026-01-01T10:00:00Z"),
        a_memory("nod", "ok thanks", timestamp="2026-01-02T10:00:00Z", metadata={"noise": "small talk"}),
    )
    return tmp_path


@pytest.mark.parametrize("command", [[], ["list"], ["search", "tea"], ["verify"], ["audit"], ["export", "x.jsonl"]])
def test_looking_at_a_fresh_home_writes_nothing(tmp_path: Path, command: list[str]) -> None:
    done = in_process(tmp_path / "home", "memory", *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(("No memories yet: ", "Nothing comes to mind."))
    assert not (tmp_path / "home").exists()


def test_alone_it_counts_by_type_and_year(home: Path) -> None:
    shown = in_process(home, "memory").stdout
    assert "conversation          2   2024-05-01" in shown
    assert f"4 memories in {home}" in shown
    assert "1 (25.0%) are kept, but never recalled" in shown
    assert "1 say what no longer holds" in shown
    found = told(home, "stats")
    assert found["types"]["dream"]["memories"] == 1
    assert found["years"] == {"2024": 1, "2025": 1, "2026": 2}
    assert (found["memories"], found["indexed"], found["notRecalled"], found["replaced"]) == (4, 4, 1, 1)


def test_a_file_that_holds_no_memory_is_counted_and_named(home: Path) -> None:
    (home / "memory" / "episodic" / "2026" / "broken.json").write_text("{")
    assert "1 cannot be found: `metahuman memory verify` names them" in in_process(home, "memory").stdout


def test_they_are_listed_newest_first_and_by_kind_time_and_thread(home: Path) -> None:
    assert listed(home) == ["nod", "porto", "flight", "lisbon"]
    assert listed(home, "--limit", "2") == ["nod", "porto"]
    assert listed(home, "--limit", "0") == ["nod", "porto", "flight", "lisbon"]
    assert listed(home, "--type", "conversation") == ["nod", "porto", "lisbon"]
    assert listed(home, "--type", "dream", "--type", "journal") == ["flight"]
    assert listed(home, "--since", "2025-01-01", "--until", "2026-01-01") == ["flight"]
    keep(home, a_memory("said", "tea", metadata={"conversationId": "other"}))
    assert listed(home, "--thread", "other") == ["said"]


def test_a_line_tells_what_sets_a_memory_apart_and_cannot_steer_the_terminal(home: Path) -> None:
    shown = in_process(home, "memory", "list").stdout.splitlines()
    assert [line.split("  ")[0].strip() for line in shown] == ["nod", "porto", "flight", "lisbon"]
    assert shown[0].endswith("not recalled: small talk: ok thanks")
    assert shown[1].endswith("[bold]we moved[/] to Porto[31m")
    assert shown[2].endswith("dream: a dream of flying over the harbour")
    assert shown[3].endswith("no longer so: I live in Lisbon by the river")
    assert in_process(home, "memory", "list", "--type", "x").stdout == "No memory is of that kind.\n"


def test_what_a_message_brings_to_mind_is_shown_with_its_score_and_why(home: Path) -> None:
    found = told(home, "search", "where", "did", "we", "move", "in", "January?")
    [hit] = found["hits"]
    assert (hit["memory"]["id"], hit["score"] > 0) == ("porto", True)
    assert "words: move" in hit["why"]
    assert found["latencyMs"] > 0
    shown = in_process(home, "memory", "search", "where did we move?").stdout
    assert "\x1b" not in shown
    assert "  words: move" in shown
    assert "1 found in " in shown


def test_inner_life_is_found_only_if_it_is_asked_for(home: Path) -> None:
    assert told(home, "search", "harbour")["hits"] == []
    assert in_process(home, "memory", "search", "harbour").stdout == "Nothing comes to mind.\n"
    for option in (["--all"], ["--type", "dream"]):
        assert [hit["memory"]["id"] for hit in told(home, "search", "harbour", *option)["hits"]] == ["flight"]


def test_a_memory_is_shown_with_its_facts_what_replaced_it_and_its_file(tmp_path: Path) -> None:
    in_process(tmp_path, "memory", "add", "I live in Lisbon", "--at", "2024-05-01")
    in_process(tmp_path, "memory", "add", "I live in Porto now", "--at", "2026-05-01")
    new, old = listed(tmp_path)
    found = told(tmp_path, "show", old[:10])
    assert found["memory"]["id"] == old
    assert [one["id"] for one in found["supersededBy"]] == [new]
    assert Path(found["file"]).read_text().count(old) == 1
    shown = in_process(tmp_path, "memory", "show", old, columns=140).stdout
    for part in ("home: lisbon, until 2026-0", "replaced by", "I live in Porto now", f"2024/{old}.json"):
        assert part in shown
    assert [one["id"] for one in told(tmp_path, "show", new)["supersedes"]] == [old]


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("x", "there is no memory 'x'; `metahuman memory list` names them"),
        ("", "there is no memory ''; `metahuman memory list` names them"),
        ("p", "'p' may be any of p-0, p-1, p-2, p-3, p-4, …: write more of it"),
    ],
)
def test_an_id_that_names_none_or_several_is_one_line(tmp_path: Path, word: str, line: str) -> None:
    keep(tmp_path, *(a_memory(f"p-{number}") for number in range(6)))
    done = in_process(tmp_path, "memory", "show", word)
    assert (done.returncode, done.stderr) == (1, f"metahuman: {line}\n")


def test_a_whole_id_is_not_taken_for_the_beginning_of_another(tmp_path: Path) -> None:
    keep(tmp_path, a_memory("p-1"), a_memory("p-10"))
    assert told(tmp_path, "show", "p-1")["memory"]["id"] == "p-1"


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_documents_come_whole_however_many_are_of_one_moment(tmp_path: Path, page: int) -> None:
    moments = ["2026-01-01T00:00:00Z", *["2026-01-02T00:00:00Z"] * 4, "2026-01-03T00:00:00Z"]
    keep(tmp_path, *(a_memory(f"m{number}", timestamp=moment) for number, moment in enumerate(moments)))
    with keeper_of(tmp_path) as keeper:
        names = [one.id for one in documents(keeper.index, Where(), page)]
    assert names[0] == "m5"
    assert sorted(names) == [f"m{number}" for number in range(6)]
    assert names[-1] == "m0"


def test_looking_changes_no_memory(home: Path) -> None:
    def memories() -> dict[str, bytes]:
        return {place: data for place, data in files(home).items() if place.startswith("memory")}

    before = memories()
    for command in (["list"], ["search", "Porto"], ["show", "porto"], ["verify"], ["audit"], ["sync"], ["reindex"]):
        assert in_process(home, "memory", *command).returncode == 0
    assert memories() == before


@pytest.mark.parametrize("name", sorted(memory.commands))
def test_each_command_has_help(tmp_path: Path, name: str) -> None:
    done = in_process(tmp_path / "home", "memory", name, "--help")
    assert (done.returncode, done.stdout[:7]) == (0, "Usage: ")
    assert memory.commands[name].short_help


def test_the_command_is_light_to_import() -> None:
    heavy = "{'rich', 'numpy', 'asyncio', 'pydantic', 'sqlite3', 'langchain_core', 'metahuman.memory'}"
    code = f"import sys, metahuman.cli.memory; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
