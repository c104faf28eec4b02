"""Tests of `fs_search`: what is found, in which order, and what it may cost."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from metahuman.state.errors import ToolError
from metahuman.tools.files.opening import folder
from metahuman.tools.files.walking import Budget, walk
from tests.file_desks import TOOL, Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path)
    made.write("notes/garden.md", "Sow peas in March.\nWater them.\n")
    made.write("notes/Sea.md", "The boat needs paint.\nA PEA is small.\n")
    made.write("photo.png", b"\x89PNG peas")
    made.write(".hidden/peas.md", "peas")
    return made


def hits(text: str) -> list[str]:
    return text.split("\n")[1:]


def test_words_are_found_with_file_and_line(files: Files) -> None:
    assert hits(files.call("fs_search", text="pea")) == [
        "notes/garden.md:1: Sow peas in March.",
        "notes/Sea.md:2: A PEA is small.",
    ]
    assert hits(files.call("fs_search", text="pea", whole_word=True)) == ["notes/Sea.md:2: A PEA is small."]
    assert hits(files.call("fs_search", text="pea", name="gard*")) == ["notes/garden.md:1: Sow peas in March."]
    assert ".hidden/peas.md:1: peas" in files.call("fs_search", text="peas", hidden=True)


def test_names_are_found(files: Files) -> None:
    assert hits(files.call("fs_search", name="*.MD")) == ["notes/garden.md", "notes/Sea.md"]
    assert hits(files.call("fs_search", name="notes/*")) == ["notes/garden.md", "notes/Sea.md"]
    assert hits(files.call("fs_search", name="notes")) == ["notes/"]
    assert files.call("fs_search", name="nothing") == f"{files.base}: no hits"


def test_what_looks_like_a_pattern_is_taken_word_for_word(files: Files) -> None:
    files.write("a.txt", "(a+)+$ is costly\n" + "a" * 100_000)
    assert hits(files.call("fs_search", text="(a+)+$")) == ["a.txt:1: (a+)+$ is costly"]
    began = time.perf_counter()
    files.call("fs_search", name="*a*a*a*a*a*a*a*a*b")
    assert time.perf_counter() - began < 1


def test_pages_together_are_all_hits(files: Files) -> None:
    files.write("many.txt", "".join(f"hit {number}\n" for number in range(25)))
    got, start = list[str](), 1
    for _ in range(9):
        text = files.call("fs_search", text="hit ", start=start, limit=10, limits={"output": 500})
        lines = hits(text)
        got += [line for line in lines if not line.startswith("[")]
        if not lines[-1].startswith("["):
            break
        start = int(lines[-1].rpartition("=")[2].rstrip("]"))
    assert got == [f"many.txt:{number + 1}: hit {number}" for number in range(25)]


def test_a_long_line_is_shown_around_the_hit(files: Files) -> None:
    files.write("long.txt", f"{'x' * 5_000} needle {'y' * 5_000}")
    [line] = hits(files.call("fs_search", text="needle"))
    assert "needle" in line
    assert len(line) < 300


def test_secrets_are_not_searched_for_words(files: Files) -> None:
    files.write("key.pem", "peas are secret")
    assert "key.pem" not in files.call("fs_search", text="secret")
    assert hits(files.call("fs_search", name="key.*")) == ["key.pem"]


def test_what_was_left_out_is_told(files: Files) -> None:
    files.write("large.txt", "peas" * 100)
    text = files.call("fs_search", text="peas", limits={"file": 200})
    assert "[left out: files of more than 200 bytes: 1]" in text


def test_links_are_not_followed(files: Files) -> None:
    (files.root / "outside.md").write_text("peas")
    (files.base / "link.md").symlink_to(files.root / "outside.md")
    (files.base / "loop").symlink_to(files.base)
    assert len(hits(files.call("fs_search", text="peas"))) == 1


def test_nothing_sought_is_refused(files: Files) -> None:
    for arguments in ({}, {"text": "a\nb"}):
        with pytest.raises(ToolError):
            files.call("fs_search", **arguments)


def test_a_pipe_is_passed_over(files: Files) -> None:
    os.mkfifo(files.base / "pipe.md")
    assert len(hits(files.call("fs_search", text="peas"))) == 1


@pytest.mark.parametrize(
    ("budget", "over"), [(Budget(entries=50), "50 files and folders"), (Budget(seconds=0), "0 seconds")]
)
def test_a_crowded_folder_costs_its_bound(files: Files, budget: Budget, over: str) -> None:
    for number in range(300):
        files.write(f"crowd/{number}", "")
    with folder(files.base) as held:
        assert len(list(walk(held, budget, lambda _: False))) < 300
    assert budget.over == over


def test_deep_folders_cost_their_bound(files: Files) -> None:
    (files.base / "/".join("d" * 60)).mkdir(parents=True)
    budget = Budget()
    with folder(files.base) as held:
        assert len(list(walk(held, budget, lambda place: not place.startswith("d")))) == 40
    assert budget.closed == 1


async def test_a_search_that_nobody_waits_for_ends(files: Files) -> None:
    for number in range(60):
        files.write(f"text{number}", "word " * 200_000)
    tool, before = TOOL["fs_search"], time.process_time()
    search = asyncio.ensure_future(tool.run(tool.arguments(text="nothing like it"), files.desk()))
    await asyncio.sleep(0.05)
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    await asyncio.to_thread(time.sleep, 0.4)
    spent = time.process_time()
    await asyncio.to_thread(time.sleep, 0.2)
    assert time.process_time() - spent < 0.1
    assert spent - before < 2
