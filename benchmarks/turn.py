"""What a whole turn costs beside its model call, in a home of 10,000 memories, on models that wait for nothing.

    python benchmarks/turn.py [--turns 300] [--memories 10000] [--peers PYTHON] [--json FILE]

The turn is a real one: routed by the shipped classifier, with recall among all memories, the persona's streamed
answer, the memory of it on disk, checkpoints, audit and ledger. What is said is small talk of `routing/examples`, so
that the classifier is sure of most; what is remembered are those words too, with others. Each turn is on a thread of a
few turns, and after each there is a pause, as the person reads; it is not counted. Beside it, in the same run and on
the same server: the bare streamed call by ChatOpenAI; LangChain's `create_agent` with the SQLite saver; and
langgraph-supervisor with one worker and that saver, where PYTHON (by default this one) has them. They only answer: no
route, no recall, no memory, no audit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from threading import enumerate as enumerate_threads
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.load_server import registry, served
from benchmarks.memory_store import memories
from benchmarks.overhead import percentile
from metahuman.api import MetaHuman
from metahuman.memory.store.file_keeper import files_of
from metahuman.reply import Reply, Token

#: Turns that are not counted: in the first, much is imported.
WARM = 20
#: Seconds between two turns.
PAUSE = 0.05
#: Turns of a thread.
THREAD = 5
#: What Python's threads do, by their names; those that are not Python's are the sentence encoder's.
WORK = {
    "metahuman": "event loop",
    "asyncio": "recall, route, memory and short-term state",
    "checkpoints": "checkpoints",
    "metahuman-expect": "encoder",
    "audit": "audit",
}
EXAMPLES = Path(__file__).resolve().parents[1] / "routing" / "examples"


def home_with(folder: Path, url: str, count: int) -> None:
    """Make a home of so many memories, whose models are on the server."""
    (folder / "etc").mkdir(parents=True)
    (folder / "etc" / "models.json").write_text(json.dumps(registry(url)))
    said = small_talk()
    keeper = files_of(folder)
    keeper.save_all(
        memory.model_copy(update={"content": f"{said[number % len(said)]} {memory.content}"})
        for number, memory in enumerate(memories(count))
    )
    keeper.close()


def small_talk() -> list[str]:
    """Return messages that ask for nothing but an answer."""
    lines = (json.loads(line) for path in sorted(EXAMPLES.glob("*.jsonl")) for line in path.open())
    found = {line["text"] for line in lines if line.get("to") == "conversation" and "earlier" not in line}
    return random.Random(5).sample(sorted(found), len(found))


def turns(folder: Path, count: int) -> dict[str, Any]:
    """Return the milliseconds to the first word and to the end of each turn, and the processor's."""
    said, firsts, ends, others = small_talk(), list[float](), list[float](), 0
    with MetaHuman(folder) as twin:
        for number in range(WARM + count):
            time.sleep(PAUSE)
            if number == WARM:
                began, before = time.process_time(), by_thread()
            started, first = time.perf_counter(), 0.0
            for event in twin.stream(said[number % len(said)], thread=f"thread-{number // THREAD}"):
                if isinstance(event, Token) and not first:
                    first = time.perf_counter() - started
                if isinstance(event, Reply):
                    others += sum(call["role"] != "persona" for call in event.calls)
                    firsts.append(first * 1000)
                    ends.append((time.perf_counter() - started) * 1000)
        processor = (time.process_time() - began) / count * 1000
        threads = {name: round((took - before[name]) / count * 1000, 1) for name, took in by_thread().items()}
    took = {"firstMs": firsts[WARM:], "endMs": ends[WARM:], "processorMs": round(processor, 1)}
    return {**took, "threads": threads, "otherCalls": others}


def by_thread() -> dict[str, float]:
    """Return the processor seconds that the threads of this process have used, those that work together as one."""
    names = {thread.native_id: WORK.get(thread.name.rstrip("0123456789_"), "others") for thread in enumerate_threads()}
    took = defaultdict[str, float](float)
    for one in psutil.Process().threads():
        took[names.get(one.id, "encoder")] += one.user_time + one.system_time
    return took


def peers(python: str, url: str, count: int) -> dict[str, Any]:
    """Return the same of the others."""
    command = [python, str(Path(__file__).with_name("turn_peers.py")), url, str(WARM), str(count), str(THREAD)]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))


def told(name: str, found: dict[str, Any], bare: dict[str, Any] | None) -> dict[str, Any]:
    """Print a line of the table and return its figures, in milliseconds; `bare` is taken off where it is given."""
    if "why" in found:
        print(f"| {name} | {found['why']} |")
        return found
    first, end = (percentile(bare[key], 0.5) if bare else 0.0 for key in ("firstMs", "endMs"))
    figures = {
        "firstP50": percentile(found["firstMs"], 0.5) - first,
        "firstP99": percentile(found["firstMs"], 0.99) - first,
        "endP50": percentile(found["endMs"], 0.5) - end,
        "endP99": percentile(found["endMs"], 0.99) - end,
        "processor": found["processorMs"] - (bare["processorMs"] if bare else 0.0),
    }
    print(f"| {name} | " + " | ".join(f"{value:.1f}" for value in figures.values()) + " |")
    return {key: round(value, 2) for key, value in figures.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, if asked, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--memories", type=int, default=10_000)
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    cores, python = os.cpu_count(), platform.python_version()
    print(f"{platform.platform()}, Python {python}, {cores} cores, {asked.turns} turns, {asked.memories:,} memories\n")
    with tempfile.TemporaryDirectory() as folder, served() as url:
        home_with(Path(folder) / "home", url, asked.memories)
        others = peers(asked.peers, url, asked.turns)
        own = turns(Path(folder) / "home", asked.turns)
    bare = others.pop("bare")
    print("| ms | first word p50 | p99 | whole turn p50 | p99 | processor |\n|---|---|---|---|---|---|")
    figures = {"bare": told("the model call alone", bare, None), "turn": told("turn, beside the call", own, bare)}
    for name, found in others.items():
        figures[name] = told(f"{name}, beside the call", found, bare)
    told_threads = ", ".join(f"{name} {took}" for name, took in sorted(own["threads"].items(), key=lambda one: -one[1]))
    print(f"\nProcessor of a turn, by threads, ms: {told_threads}.")
    print(f"Model calls beside the persona's: {own['otherCalls']} in {asked.turns + WARM} turns.")
    figures["turn"]["threads"] = own["threads"]
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
