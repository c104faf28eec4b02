"""What a turn costs on a thread that has become very long, on models that answer at once.

    python benchmarks/threads.py [--turns 10000] [--pause 0.005] [--memory] [--json FILE]

A real twin in a home of its own: graph, checkpoints, locks, audit, and the condensing between the turns. What is saved
and recalled is left out unless `--memory` is given. Between two turns there is a pause, as the person reads; it is not
counted. Beside the time of day stands the processor's, which other programs on the machine hardly change.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from metahuman.api import MetaHuman
from metahuman.state.background import background
from metahuman.state.kept import Kept
from metahuman.threads import MAIN
from metahuman.turns import Turns
from tests.fakes import Answer, Asked, ScriptedProvider, registry_content
from tests.homes import TALK, write_registry
from tests.memories import FakeMemory

WORDS = ("river", "lamp", "winter", "answer", "garden", "paper", "Lisbon", "Anna", "quiet", "letter", "bread", "window")
SUMMARY = "They talked about the garden and the river, and about Anna in Lisbon. You answered with a letter."
#: Turns of which a mean is taken.
SPAN = 100


class Answering(ScriptedProvider):
    """Models that never run out of answers, and keep nothing of what they are asked."""

    def __init__(self) -> None:
        super().__init__({})
        self.draw, self.calls = random.Random(7), Counter[str]()

    def next(self, asked: Asked) -> Answer:
        """Return a route, a summary, or a few words."""
        self.calls[asked.model_id] += 1
        fixed = {"orchestrator": TALK, "summarizer": SUMMARY}
        return fixed.get(asked.model_id) or words(self.draw, 40)


class NothingKept(FakeMemory):
    """A memory that forgets at once, so that only the graph's own work is measured."""

    async def save(self, memory: Any, *, recalled: Sequence[str] = ()) -> Kept:
        """Keep nothing."""
        return Kept("none", "memory/none.json", None, [])

    async def change_short_term(self, change: Any) -> list[str]:
        """Keep the last one only."""
        changed = await super().change_short_term(change)
        self.kept[:] = self.kept[-1:]
        return changed

    def close(self) -> None:
        """Nothing is open."""


def words(draw: random.Random, most: int) -> str:
    """Return a sentence of up to so many words."""
    return " ".join(draw.choices(WORDS, k=draw.randrange(3, most))) + "."


class Took(NamedTuple):
    """Milliseconds of a turn: until the reply was there, and of the processor's time, what came after it included."""

    wall: float
    processor: float


def talk(home: Path, turns: int, pause: float, *, memory: bool) -> tuple[list[Took], dict[str, Any]]:
    """Return what each turn took, and what the thread is at the end."""
    write_registry(home, registry_content())
    provider, draw, took = Answering(), random.Random(11), list[Took]()
    with MetaHuman(home, providers=lambda _: provider) as twin:
        if not memory:
            twin._turns = Turns(twin.home, dataclasses.replace(twin.services, memory=NothingKept()), 30)  # noqa: SLF001
        for number in range(turns):
            message = f"{words(draw, 30)} This is message {number}."
            started, began = time.perf_counter(), time.process_time()
            twin.chat(message)
            ended = time.perf_counter()
            time.sleep(pause)
            took.append(Took((ended - started) * 1000, (time.process_time() - began) * 1000))
            if len(took) % max(turns // 10, 1) == 0:
                print(f"{len(took)} turns: the last {SPAN} took {mean(took[-SPAN:])}", flush=True)
        values = background.run(twin._turns.values(MAIN))  # noqa: SLF001 - what no caller needs to see
        files = {path.name: path.stat().st_size for path in (home / "state").glob("checkpoints.sqlite*")}
    return took, {"values": values, "files": files, "calls": dict(provider.calls)}


def mean(took: list[Took]) -> Took:
    """Return the mean of several turns, in hundredths of milliseconds."""
    return Took(*(round(statistics.mean(column), 2) for column in zip(*took, strict=True)))


def report(took: list[Took], end: dict[str, Any]) -> dict[str, Any]:
    """Return the figures; milliseconds, as wall time and processor time."""
    first, last, summary = mean(took[:SPAN]), mean(took[-SPAN:]), end["values"].get("summary")
    walls = sorted(turn.wall for turn in took)
    return {
        "turns": len(took),
        "first100": first,
        "last100": last,
        "ratio": Took(round(last.wall / first.wall, 3), round(last.processor / first.processor, 3)),
        "p50Ms": round(statistics.median(walls), 2),
        "p99Ms": round(walls[int(len(walls) * 0.99)], 2),
        "bytes": end["files"],
        "messagesHeld": len(end["values"]["messages"]),
        "messagesCondensed": summary["messages"] if summary else 0,
        "summaryCharacters": len(summary["text"]) if summary else 0,
        "calls": end["calls"],
    }


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--turns", type=int, default=2000)
    arguments.add_argument("--pause", type=float, default=0.005)
    arguments.add_argument("--memory", action="store_true")
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as folder:
        figures = report(*talk(Path(folder), chosen.turns, chosen.pause, memory=chosen.memory))
    for name, value in figures.items():
        print(f"{name:20} {value}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
