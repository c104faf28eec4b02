"""A curator that is killed at any moment, again and again, and what it leaves behind.

Run by itself, in a process that forks before it has any threads: `python -m tests.curation_kills HOME TIMES`. With a
third word, there are so many memories in each round that processes of their own run the gates over them.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metahuman.curating import curate
from metahuman.home import Home
from metahuman.memory.curation.cleaning import found_in
from metahuman.memory.curation.preparing import source_hash
from metahuman.memory.curation.workers import MANY
from metahuman.memory.store.file_keeper import files_of
from metahuman.state.memories import Memory
from tests.curations import ANSWERED, SAID, a_talk

#: Memories that are new in each round, and those of a round whose gates run in processes of their own.
NEW, MANY_NEW = 12, MANY + 40
THINGS = ["boat", "cello", "garden", "oven", "bridge", "letter", "kite", "lamp", "stove", "ladder", "map", "clock"]
KEY = "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"


@dataclass
class Outcome:
    """What many kills left: each list names what must not be; `halfway` counts kills that left work to do."""

    kills: int = 0
    halfway: int = 0
    curated: int = 0
    rows: int = 0
    unfounded: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    flagged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def some(first: int, count: int) -> list[Memory]:
    """Return new memories, no two of them nearly the same; one holds a key, one nobody may learn from."""
    made = []
    for number in range(first, first + count):
        drawn = random.Random(number)
        about = " ".join(drawn.choices(THINGS, k=12))
        said = f"{SAID} I told Marta number {number} about {about}.{f' {KEY}' if number % NEW == 3 else ''}"
        made.append(a_talk(f"evt-{number}", said, f"{ANSWERED} {about}", about={"trainingConsent": number % NEW != 5}))
    return made


def work(home: Home) -> None:
    """Curate all that is due, as a process of its own."""
    try:
        asyncio.run(curate(home, limit=0, without_model=True))
        os._exit(0)
    finally:
        os._exit(1)


def run_and_kill(home: Home, seconds: float | None) -> float:
    """Kill a fork of this process after so many seconds, or let it end; return how long it took."""
    started, child = time.monotonic(), os.fork()
    if child == 0:
        work(home)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert seconds is not None or status == 0
    return time.monotonic() - started


def killed(home: Home, times: int, seed: int, each: int) -> Outcome:
    """Let a curator work and kill it, so many times; look after each at what is left, and at the end let one finish."""
    outcome, drawn, before = Outcome(), random.Random(seed), dict[str, bytes]()
    _add(home, 0, each)
    longest = run_and_kill(home, None)
    for kill in range(times):
        _add(home, (kill + 1) * each, each)
        run_and_kill(home, drawn.uniform(0.05, longest))
        outcome.kills += 1
        before = _look(home, before, outcome)
    run_and_kill(home, None)
    _look(home, before, outcome)
    _look_at_the_end(home, outcome)
    return outcome


def _add(home: Home, first: int, count: int) -> None:
    keeper = files_of(home.root)
    keeper.save_all(some(first, count))
    keeper.close()


def _look(home: Home, before: dict[str, bytes], outcome: Outcome) -> dict[str, bytes]:
    """Note what is not as it has to be, whatever was killed; return the curated files."""
    files = {path.name: path.read_bytes() for path in _conversations(home).glob("*.json")}
    outcome.twice += [name for name, data in before.items() if files.get(name) != data]
    copies = {}
    for name, data in files.items():
        try:
            copies[name] = json.loads(data)
        except ValueError:
            outcome.broken.append(name)
    counts = Counter(copy["id"] for copy in copies.values())
    outcome.twice += [memory_id for memory_id, count in counts.items() if count > 1]
    hashes = {copy["id"]: copy["source"]["hash"] for copy in copies.values()}
    memories = _memories(home, outcome)
    outcome.halfway += not all(memory["metadata"]["curated"] for memory in memories)
    for memory in memories:
        if memory["metadata"]["curated"] and hashes.get(memory["id"]) != source_hash(memory):
            outcome.unfounded.append(memory["id"])
    rows = _rows(home, outcome)
    outcome.twice += [name for name, count in Counter(row["metadata"]["sourceId"] for row in rows).items() if count > 1]
    outcome.flagged += [row["metadata"]["sourceId"] for row in rows if found_in(json.dumps(row["messages"]))]
    outcome.curated, outcome.rows = len(files), len(rows)
    return files


def _look_at_the_end(home: Home, outcome: Outcome) -> None:
    """Note what a run that was not killed has left undone."""
    memories = _memories(home, outcome)
    outcome.missing += [memory["id"] for memory in memories if not memory["metadata"]["curated"]]
    fit = sum(not json.loads(path.read_bytes())["refused"] for path in _conversations(home).glob("*.json"))
    outcome.missing += [f"{outcome.rows} rows of {fit} pairs"] if outcome.rows != fit else []


def _conversations(home: Home) -> Path:
    return home.root / "memory" / "curated" / "conversations"


def _memories(home: Home, outcome: Outcome) -> list[dict[str, Any]]:
    return _parsed([path.read_bytes() for path in (home.root / "memory" / "episodic").rglob("[!.]*.json")], outcome)


def _rows(home: Home, outcome: Outcome) -> list[dict[str, Any]]:
    files = (home.root / "memory" / "curated" / "training-datasets").glob("*.jsonl")
    return _parsed([line for path in files for line in path.read_bytes().splitlines()], outcome)


def _parsed(texts: list[bytes], outcome: Outcome) -> list[dict[str, Any]]:
    found = []
    for text in texts:
        try:
            found.append(json.loads(text))
        except ValueError:
            outcome.broken.append(text[:80].decode(errors="replace"))
    return found


def main(root: Path, times: int, *, many: bool) -> None:
    """Print what became of it, as JSON."""
    home = Home(root)
    home.create()
    sys.stdout.write(json.dumps(vars(killed(home, times, seed=7, each=MANY_NEW if many else NEW))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), many=len(sys.argv) > 3)
