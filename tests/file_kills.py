"""A program that changes files and is killed at any moment, again and again, and what can be told of it afterwards.

Run by itself, in a process that forks before it has any threads: `python -m tests.file_kills FOLDER TIMES`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from metahuman.tools.changes import Key
from tests.file_desks import Files

DEEDS = ("make", "replace", "delete")


def work(files: Files, number: int) -> None:
    """Do things to files for ever; each call is announced before it begins."""
    for step in range(1_000):
        deed, name = DEEDS[step % len(DEEDS)], f"file-{number}-{step // len(DEEDS)}"
        os.write(3, f"{deed} {name}\n".encode())
        changes = files.log.of(Key("main", f"turn-{number}", f"{deed} {name}"))
        if deed == "delete":
            changes.remove(files.base / name)
        else:
            changes.write(files.base / name, deed.encode() * 1_000)


def run_and_kill(files: Files, number: int, seconds: float) -> list[str]:
    """Kill a fork of this process so long after its first call; return the calls it announced."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(writing, 3)
            work(files, number)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        lines = [pipe.readline()]
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return [line.strip() for line in [*lines, *pipe.readlines()]]


def wrong(files: Files, number: int, calls: list[str]) -> list[str]:
    """Return the calls of which is told what is not so; only of the last one may anything be doubtful."""
    found = []
    for place, call in enumerate(calls):
        deed, name = call.split()
        happened = files.log.of(Key("main", f"turn-{number}", call)).happened()
        path = files.base / name
        holds = path.read_bytes() if path.exists() else None
        if place < len(calls) - 1:
            found += [] if happened else [f"{call}: said {happened}"]
            continue
        done = holds is None if deed == "delete" else holds == deed.encode() * 1_000
        before = {"make": None, "replace": b"make" * 1_000, "delete": b"replace" * 1_000}[deed]
        found += (
            [] if happened is done and (done or holds == before) else [f"{call}: said {happened}, but {holds!r:.20}"]
        )
    return found + [f"left behind: {path.name}" for path in files.base.glob(".*")]


def main(root: Path, times: int) -> None:
    """Print what was wrong, and how many calls there were, as JSON."""
    root.mkdir()
    files, drawn, found, calls = Files(root), random.Random(7), list[str](), 0
    for number in range(times):
        made = run_and_kill(files, number, drawn.uniform(0, 0.06))
        found += wrong(files, number, made)
        calls += len(made)
    sys.stdout.write(json.dumps({"wrong": found, "calls": calls}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
