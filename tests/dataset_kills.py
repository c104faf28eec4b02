"""Pairs and datasets whose writer is killed at any moment, again and again; what it leaves behind.

Run by itself, in a process that forks before it has any threads: `python -m tests.dataset_kills HOME TIMES`.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from metahuman.memory.dataset.assembling import Wanted, assembled
from metahuman.memory.dataset.building import rebuild
from metahuman.memory.dataset.checking import checked
from tests.curated import curated, rows, shelve, there

#: Days on which memories are curated, and how many memories there are.
DAYS, MEMORIES = 3, 12


def work(home: Path, turn: int) -> None:
    """Change curated memories, and bring pairs and a dataset up to them, for ever."""
    for step in itertools.count(turn * 1000):
        number = step % MEMORIES
        name, day = f"evt-{number}", f"2026-11-2{number % DAYS}T10:00:00.000Z"
        flags = ["other"] if step % 5 == 0 else []
        said = f"I like {step} and {step * 7} more than {step * 3}"
        [path] = shelve(home, curated(name, conversationId=name, curatedAt=day, flags=flags, userMessage=said))
        if step % 7 == 0:
            path.unlink()
        rebuild(home)
        if step % 3 == 0:
            assembled(home, Wanted("one", limit=5 + step % 7), there())


def kill(home: Path, turn: int) -> None:
    """Have a writer work for a moment, then end it as a power cut would."""
    child = os.fork()
    if not child:
        work(home, turn)
    time.sleep(random.uniform(0.005, 0.15))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def wrong(home: Path) -> list[str]:
    """Return what is wrong with what was left: a line that is none, now, or rows that are not as if made anew."""
    halves = []
    for path in [*(home / "memory" / "curated").rglob("*.jsonl"), *(home / "out").rglob("*.jsonl")]:
        lines = path.read_bytes().split(b"\n")
        halves += [path.name for line in lines[:-1] if not json.loads(line)["metadata"]["sourceId"]]
        halves += [path.name] if lines[-1] else []
    rebuild(home)
    left = rows(home)
    (home / "state" / "curated-pairs.json").unlink()
    rebuild(home)
    unlike = [] if left == rows(home) else ["not as if made anew"]
    assembled(home, Wanted("one"), there())
    places = [*(home / "memory" / "curated").glob("*datasets/.*.tmp"), *(home / "out").rglob(".*.tmp")]
    halves += [path.name for path in places]
    return [*halves, *unlike, *(one.what for one in checked(home, there()).problems)]


def main(home: Path, times: int) -> None:
    """Kill writers, look at what is left after each, and print what was wrong."""
    shelve(home, *(curated(f"evt-{number}", userMessage=f"I like {number} a lot") for number in range(MEMORIES, 15)))
    found = list[str]()
    for turn in range(times):
        kill(home, turn)
        found += wrong(home)
    print(json.dumps({"kills": times, "wrong": found}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
