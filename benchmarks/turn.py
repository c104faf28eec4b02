"""What a turn costs beside its model calls: a whole turn on models that answer at once, against the bare calls.

    python benchmarks/turn.py [--turns 200]

The turn is a real one: graph, recall in a home that fills up, checkpoint, memory file, short-term state, audit. The
models are scripted behind the provider seam, so all that is measured is the program's own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from metahuman.api import MetaHuman
from metahuman.reply import Reply, Token
from tests.fakes import ScriptedProvider, registry_content
from tests.homes import TALK, write_registry

ANSWER = "word " * 20


def turns(home: Path, count: int) -> tuple[list[float], list[float]]:
    """Return milliseconds to the first word and to the end of `count` turns on one thread."""
    write_registry(home, registry_content())
    firsts, ends = [], []
    script = {"orchestrator": [TALK] * count, "persona": [ANSWER] * count}
    with ScriptedProvider(script) as provider, MetaHuman(home, providers=lambda _: provider) as twin:
        for number in range(count):
            started, first = time.perf_counter(), 0.0
            for event in twin.stream(f"message {number}"):
                if isinstance(event, Token) and not first:
                    first = time.perf_counter() - started
                if isinstance(event, Reply):
                    firsts.append(first * 1000)
                    ends.append((time.perf_counter() - started) * 1000)
    return firsts, ends


async def bare(count: int) -> list[float]:
    """Return the milliseconds of `count` pairs of bare calls to the scripted models."""
    from langchain_core.messages import HumanMessage

    from metahuman.models.providers import Wish
    from tests.fakes import registry

    provider, known = ScriptedProvider({"orchestrator": [TALK] * count, "persona": [ANSWER] * count}), registry()
    models = [model for role in ("orchestrator", "persona") if (model := known.resolve_model(role))]
    clients = [(provider.connect(model), provider.request(model, Wish())) for model in models]
    took = []
    for _ in range(count):
        started = time.perf_counter()
        for client, options in clients:
            await client.ainvoke([HumanMessage("hello")], **options)
        took.append((time.perf_counter() - started) * 1000)
    return took


def row(name: str, values: list[float]) -> None:
    """Print one line of the table."""
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    print(f"| {name} | {statistics.median(values):.1f} | {p99:.1f} |")


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--turns", type=int, default=200)
    count = arguments.parse_args().turns
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, {count} turns\n")
    with tempfile.TemporaryDirectory() as folder:
        firsts, ends = turns(Path(folder), count)
        size = (Path(folder) / "state" / "checkpoints.sqlite").stat().st_size
    print("| | p50 ms | p99 ms |\n|---|---|---|")
    row("the two model calls alone", asyncio.run(bare(count)))
    row("turn, to the first word", firsts)
    row("turn, to the end", ends)
    row("turn, to the end: first 20", ends[:20])
    row("turn, to the end: last 20", ends[-20:])
    print(f"\nThe thread's checkpoint file after {count} turns: {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
