"""The looks of the fault harness see what they must: each gets something planted that must not be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from metahuman.memory.dataset.building import rebuild
from tests.curated import home_with
from tests.curation_kills import KEY
from tests.faults.facts import promised
from tests.faults.forks import Ended, left_by
from tests.faults.looking import curated, kept_files, locked, memories, rows, whole
from tests.faults.runs import mistakes_in
from tests.keepers import keeper_of

FACTS = [
    {"kept": "evt-1", "holds": "number 1 more"},
    {"turn": "number 2", "thread": "main", "memory": "evt-2", "mode": "dual"},
    {"editing": "evt-3"},
    {"edited": "evt-3", "holds": "edited"},
    {"dropping": "evt-0"},
    {"dropped": "evt-0"},
    {"file": "a.txt", "holds": "milk"},
    {"task": "water the plants"},
    {"corrected": "turn-1"},
    {"dataset": "spring"},
    {"voice": "mine"},
    {"switching": "agent"},
    {"switched": "agent", "by": "day"},
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with what the facts tell of memories, indexed, and with their pairs."""
    home_with(tmp_path, 6)
    rebuild(tmp_path)
    with keeper_of(tmp_path) as keeper:
        keeper.remove("evt-0")
        keeper.edit("evt-3", lambda _: {"response": "edited"})
    for path in _rows(tmp_path):
        path.write_bytes(b"".join(line for line in path.read_bytes().splitlines(True) if b'"evt-0"' not in line))
    return tmp_path


def _rows(home: Path) -> list[Path]:
    return sorted((home / "memory" / "curated" / "training-datasets").glob("*.jsonl"))


def _memory(home: Path, name: str) -> Path:
    return home / "memory" / "episodic" / "2026" / f"{name}.json"


def looked(home: Path, spared: str = "") -> list[str]:
    """Return what is found wrong with the memories, their copies and their rows."""
    known = promised([fact for fact in FACTS if not fact.keys() & {"dataset"}])
    return [*whole(home, spared), *(one for look in (memories, curated, rows) for one in look(home, known, spared))]


def test_nothing_is_found_where_nothing_is_wrong(home: Path) -> None:
    assert looked(home) == []


def lose(home: Path) -> None:
    _memory(home, "evt-1").unlink()


def lose_words(home: Path) -> None:
    with keeper_of(home) as keeper:
        keeper.edit("evt-2", lambda _: {"content": "something else"})


def lose_an_edit(home: Path) -> None:
    with keeper_of(home) as keeper:
        keeper.edit("evt-3", lambda _: {"response": "as before"})


def bring_back(home: Path) -> None:
    _memory(home, "evt-0").write_bytes(_memory(home, "evt-1").read_bytes().replace(b"evt-1", b"evt-0"))


def double(home: Path) -> None:
    _memory(home, "evt-9").write_bytes(_memory(home, "evt-1").read_bytes())


def mark(home: Path) -> None:
    with keeper_of(home) as keeper:
        keeper.edit("evt-4", lambda _: {"metadata": {"curated": True}, "response": "new"})


def flag(home: Path) -> None:
    _add_row(home, "evt-1", f"my key is {KEY}")


def teach_the_forgotten(home: Path) -> None:
    _add_row(home, "evt-0", "hello")


def _add_row(home: Path, name: str, words: str) -> None:
    row = {"messages": [{"role": "user", "content": words}], "metadata": {"sourceId": name}}
    with _rows(home)[0].open("a") as file:
        file.write(json.dumps(row) + "\n")


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        (lose, "lost: memory evt-1"),
        (lose_words, "lost: memory evt-2 of the turn"),
        (lose_an_edit, "lost: edit of memory evt-3"),
        (bring_back, "forgotten, and there: memory evt-0"),
        (double, "twice: memory evt-1"),
        (mark, "unfounded: evt-4"),
        (flag, "flagged: "),
        (teach_the_forgotten, "forgotten, and in a row"),
    ],
)
def test_what_is_planted_is_found(home: Path, plant: Callable[[Path], None], told: str) -> None:
    plant(home)
    assert [one for one in looked(home) if one.startswith(told)] != []


def test_an_index_that_differs_is_found(home: Path) -> None:
    assert looked(home) == []
    path = _memory(home, "evt-1")
    path.write_text(path.read_text().replace("number 1 more", "number 1 more and more"))
    assert "index: 2026/evt-1.json" in looked(home)


def test_half_a_file_is_found_unless_it_was_spoilt_on_purpose(home: Path) -> None:
    path = home / "persona" / "cache.json"
    path.parent.mkdir()
    path.write_text('{"facts": [')
    (found,) = whole(home)
    assert found.startswith("half: persona/cache.json, line 1")
    assert [*whole(home, "persona/cache.json")] == []
    log = home / "logs" / "audit" / "2026-05-17.ndjson"
    log.parent.mkdir(parents=True)
    log.write_text('{"event": "a"}\n{"eve')
    assert [one for one in whole(home) if "2026-05-17.ndjson, line 2" in one] != []


def test_a_lock_that_is_held_is_found(home: Path) -> None:
    (home / "state" / "locks").mkdir(parents=True)
    with FileLock(home / "state" / "locks" / "one.lock"):
        assert [*locked(home)] == ["locked: state/locks/one.lock"]
    assert [*locked(home)] == []


def test_what_is_lost_of_files_tasks_routes_datasets_and_voices_is_found(home: Path) -> None:
    (home / "etc").mkdir()
    (home / "etc" / "models.json").write_text('{"models": {}}')
    (home / "persona").mkdir()
    (home / "persona" / "cognitive-mode.json").write_text('{"currentMode": "emulation"}')
    known = promised([*FACTS, {"switched": "agent", "by": "day"}])
    found = [*kept_files(home, known), *rows(home, known)]
    for told in ("files/a.txt", "task water", "the mode is emulation", "turn-1", "voice mine", "dataset spring"):
        assert [one for one in found if told in one] != [], told


def test_of_what_was_begun_nothing_is_promised() -> None:
    begun = [{"dropping": "evt-1"}, {"editing": "evt-3"}, {"writing": "a.txt"}, {"building": "spring"}]
    known = promised([*FACTS, *begun, {"voicing": "mine"}, {"deleting": "main"}])
    assert (known.memories, known.edits, known.files, known.datasets, known.voices) == ({}, {}, {}, set(), {})
    assert known.turns == []


def test_a_process_that_is_left_is_found() -> None:
    command = [sys.executable, "-S", "-c", "import time; time.sleep(30)"]
    with subprocess.Popen(command, start_new_session=True) as process:
        (told,) = left_by(process.pid, grace=0)
    assert "time.sleep(30)" in told
    assert left_by(process.pid, grace=0) == []


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (Ended(0, [], "", left=["sleep 30"]), "left behind: sleep 30"),
        (Ended(-9, [], "", hung=True), "it hung"),
        (Ended(1, [], "Traceback (most recent call last):\nKeyError"), "traceback: "),
        (Ended(1, [], "metahuman: a mistake in this program: KeyError"), "traceback: "),
        (Ended(0, [{"error": "two\nlines"}], ""), "an error of several lines"),
    ],
)
def test_how_a_process_ended_is_looked_at(ended: Ended, told: str) -> None:
    (found,) = mistakes_in(ended)
    assert found.startswith(told)


def test_a_process_that_ended_well_is_no_mistake() -> None:
    assert [*mistakes_in(Ended(-9, [{"error": "one line"}], "a warning"))] == []
