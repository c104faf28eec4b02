from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from metahuman.routing.corrections import Corrections
from metahuman.routing.examples import read_examples
from metahuman.state.errors import StoreError
from metahuman.state.routing import Said, Situation

WHEN = "2026-05-17T12:00:00Z"
SITUATION = Situation(
    "do it", (Said("owner", "ugh: files"), Said("twin", "Shall I?\nYes?")), ("ls: 2",), "files", ("tidy",), ("topic",)
)
ADDING = """
import os, sys
from pathlib import Path
from metahuman.routing.corrections import Corrections
from metahuman.state.routing import Situation

corrections = Corrections(Path(sys.argv[1]))
children = []
for child in range(3):
    if (pid := os.fork()) == 0:
        for number in range(25):
            corrections.add(f"{child}-{number}", Situation(f"{child} {number}"), ["coder"], "now")
        os._exit(0)
    children.append(pid)
seen = 0
while children:
    found = len(corrections.examples())  # whole at every moment
    assert found >= seen, (found, seen)
    seen = found
    if (done := os.waitpid(-1, os.WNOHANG))[0]:
        assert done[1] == 0
        children.remove(done[0])
"""


@pytest.fixture
def corrections(tmp_path: Path) -> Corrections:
    return Corrections(tmp_path / "routing" / "corrections.jsonl")


def test_none_is_no_file(corrections: Corrections) -> None:
    assert corrections.examples() == []
    assert not corrections.path.parent.exists()


def test_a_correction_is_an_example_of_the_owners_own(corrections: Corrections) -> None:
    corrections.add("t1", SITUATION, ["operator"], WHEN)
    (found,) = corrections.examples()
    assert (found.label, found.own) == ("operator", True)
    told = (found.situation.message, found.situation.earlier, found.situation.tools, found.situation.focus)
    assert told == (SITUATION.message, SITUATION.earlier, SITUATION.tools, SITUATION.focus)
    assert found.situation.active == SITUATION.active
    row = json.loads(corrections.path.read_text())
    assert (row["turn"], row["timestamp"]) == ("t1", WHEN)
    assert corrections.path.stat().st_mode & 0o077 == 0


def test_of_one_turn_the_last_word_counts(corrections: Corrections) -> None:
    for turn, right in (("t1", "coder"), ("t2", "dreamer"), ("t1", "planner"), ("t1", "planner")):
        corrections.add(turn, Situation(turn), [right], WHEN)  # type: ignore[list-item]
    assert [(one.situation.message, one.label) for one in corrections.examples()] == [
        ("t2", "dreamer"),
        ("t1", "planner"),
    ]


def test_a_message_can_be_for_several(corrections: Corrections) -> None:
    corrections.add("t1", Situation("both"), ["memory", "operator"], WHEN)
    assert corrections.examples()[0].destinations == ("memory", "operator")


@pytest.mark.parametrize(
    "text",
    ["two\nlines", "one\u2028two\x85three", "tab\t\0", '"quoted" \\', "emoji 🎉", "x" * 50_000, "", "\x0b\x0c\x1c"],
)
def test_any_text_is_kept(corrections: Corrections, text: str) -> None:
    earlier = (Said("owner", text), Said("twin", text))
    for turn in ("t1", "t2"):
        corrections.add(turn, Situation(text, earlier, (text,), text, (text,)), ["coder"], WHEN)
    assert [one.situation for one in corrections.examples()] == 2 * [Situation(text, earlier, (text,), text, (text,))]


def test_half_a_character_harms_nothing(corrections: Corrections) -> None:
    for turn in ("t1", "t2"):
        corrections.add(turn, Situation("a\ud83db"), ["coder"], WHEN)
    first, second = (one.situation.message for one in corrections.examples())
    assert first == second
    assert (first[0], first[-1]) == ("a", "b")


def test_the_owners_own_lines_are_kept(corrections: Corrections) -> None:
    corrections.path.parent.mkdir(parents=True)
    corrections.path.write_text('{"text": "mine", "to": "coder", "note": "keep me"}\n\n')
    corrections.add("t1", Situation("other"), ["dreamer"], WHEN)
    assert [one.situation.message for one in corrections.examples()] == ["mine", "other"]
    assert "keep me" in corrections.path.read_text()


@pytest.mark.parametrize("line", ["{", '{"text": "a"}', '{"text": "a", "to": "cook"}', "null", '["turn"]'])
def test_a_broken_line_is_told_and_nothing_lost(corrections: Corrections, line: str) -> None:
    corrections.add("t1", Situation("first"), ["coder"], WHEN)
    with corrections.path.open("a") as file:
        file.write(f"{line}\n")
    before = corrections.path.read_bytes()
    for _ in range(2):
        with pytest.raises(StoreError, match=r"corrections\.jsonl: line 2: "):
            corrections.add("t2", Situation("second"), ["coder"], WHEN)
    assert corrections.path.read_bytes() == before
    with pytest.raises(StoreError, match="line 2: "):
        corrections.examples()


@pytest.mark.slow
def test_processes_at_once_lose_nothing(corrections: Corrections) -> None:
    """And whoever reads meanwhile sees whole files only."""
    command = [sys.executable, "-c", ADDING, str(corrections.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = {one.situation.message for one in read_examples(corrections.path)}
    assert found == {f"{child} {number}" for child in range(3) for number in range(25)}
    assert [path.name for path in corrections.path.parent.iterdir() if path.suffix == ".tmp"] == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "routing").write_text("a file")
    with pytest.raises(StoreError):
        Corrections(tmp_path / "routing" / "corrections.jsonl").add("t1", Situation("x"), ["coder"], WHEN)
