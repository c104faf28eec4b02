"""A writer that is killed at any moment, again and again, and what it leaves behind; and many writers at once.

Run by itself, in a process that forks before it has any threads: `python -m tests.kills HOME TIMES PROCESSES EACH`.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from metahuman.memory.store.bulk import save_all
from metahuman.memory.store.forgetting import forget
from metahuman.memory.store.keeping import Keeper
from metahuman.memory.store.syncing import reindex, sync
from metahuman.memory.store.verifying import verify
from tests.keepers import a_memory, keeper_of

#: What the writer does, each in turn.
KINDS = ("save", "edit", "forget", "import", "reindex")


@dataclass
class Outcome:
    """What many kills left: each of these lists what it must not."""

    kills: int = 0
    done: int = 0
    lost: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)


def work(home: Path, turn: int) -> Iterator[tuple[str, str]]:
    """Do things to the memories for ever; yield what was done, and to which, once it is.

    Args:
        home: The home.
        turn: Numbers the writers of a home: each has ids of its own, and begins with another kind of deed.
    """
    with keeper_of(home) as keeper:
        for step in itertools.count(turn):
            yield from _ways(keeper, home, turn * 1_000_000 + step * 10)[KINDS[step % len(KINDS)]]()


def _ways(keeper: Keeper, home: Path, number: int) -> dict[str, Callable[[], Iterator[tuple[str, str]]]]:
    name, others = f"evt-{number}", [f"evt-{number + more}" for more in range(1, 9)]

    def save() -> Iterator[tuple[str, str]]:
        keeper.save(a_memory(name))
        yield "kept", name

    def edit() -> Iterator[tuple[str, str]]:
        yield from save()
        keeper.edit(name, {"metadata": {"supersededBy": "evt-0"}, "response": "edited"})
        yield "edited", name

    def drop() -> Iterator[tuple[str, str]]:
        keeper.save(a_memory(name))
        yield "dropping", name
        forget(keeper, home, name)
        yield "dropped", name

    def bring() -> Iterator[tuple[str, str]]:
        save_all(keeper, [a_memory(other) for other in others])
        yield from (("kept", other) for other in others)

    def remake() -> Iterator[tuple[str, str]]:
        reindex(keeper)
        yield "remade", ""

    return {"save": save, "edit": edit, "forget": drop, "import": bring, "reindex": remake}


def killed(home: Path, times: int, seed: int) -> Outcome:
    """Let a writer work and kill it, so many times, each at a moment of its own; look after each at what is left."""
    outcome, drawn, told = Outcome(), random.Random(seed), dict[str, str]()
    for kill in range(times):
        lines = _run_and_kill(home, kill, drawn.uniform(0.0, 0.06))
        told.update({name: what for what, name in lines if name})
        outcome.done += len(lines)
        outcome.kills += 1
        _look(home, told, outcome)
    return outcome


def _run_and_kill(home: Path, turn: int, seconds: float) -> list[tuple[str, str]]:
    """Kill a fork of this process, which has nothing to load, so long after its first deed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for deed in work(home, turn):
                os.write(writing, (json.dumps(deed) + "\n").encode())
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        lines = [pipe.readline()]
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines += pipe.readlines()
    return [(what, name) for what, name in (json.loads(line) for line in lines)]


def _look(home: Path, told: dict[str, str], outcome: Outcome) -> None:
    """Note what is not as it has to be after the next start."""
    with keeper_of(home) as keeper:
        with keeper.writing():
            pass  # settles what the writer left
        found = verify(keeper)
        outcome.unlike += [*found.missing, *found.differing, *found.gone, *found.faults]
        if not keeper.index.filled:
            sync(keeper)
        folder = keeper.files.folder
        outcome.half += [str(error) for error in found.broken]
        outcome.half += [path.name for path in folder.rglob(".*.tmp")]
        there = {Path(place).stem for place, _ in keeper.files.places()}
        outcome.lost += [name for name, what in told.items() if what in ("kept", "edited") and name not in there]
        outcome.lost += [name for name, what in told.items() if what == "dropped" and name in there]
        edited = [name for name, what in told.items() if what == "edited" and name in there]
        outcome.lost += [name for name in edited if keeper.read(name).response != "edited"]


def saved_by_many(home: Path, processes: int, each: int) -> tuple[float, int, int]:
    """Let processes save at once; return the seconds it took, and how many files and documents there are then."""
    started = time.perf_counter()
    for number in range(processes):
        if os.fork() == 0:
            _save(home, number * each, each)
    failed = [status for _, status in (os.wait() for _ in range(processes)) if status]
    assert failed == []
    seconds = time.perf_counter() - started
    with keeper_of(home) as keeper:
        return seconds, keeper.count(), keeper.index.count()


def _save(home: Path, first: int, count: int) -> None:
    """Save so many, and end this process."""
    try:
        with keeper_of(home) as keeper:
            for number in range(first, first + count):
                keeper.save(a_memory(f"evt-{number}", f"word{number}"))
        os._exit(0)
    finally:
        os._exit(1)


def main(home: Path, times: int, processes: int, each: int) -> None:
    """Print what became of all these, as JSON: the outcome of the kills, and what the many have saved."""
    sys.stdout.write(
        json.dumps(
            {
                "kills": asdict(killed(home / "killed", times, seed=7)),
                "many": saved_by_many(home / "many", processes, each),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
