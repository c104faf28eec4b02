"""What a step of the operator costs beside its model and its tool: graph, policy, journal, audit, checkpoint.

    python benchmarks/operator_step.py [--turns 40]

A turn takes eight steps. The model is scripted behind the provider seam and answers at once; the tools do next to
nothing: `calculate`, which only reads, and `task_create`, which writes one small file and keeps it undoable.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.overhead import percentile
from metahuman.api import MetaHuman
from metahuman.reply import Stepped
from tests.fakes import ScriptedProvider, registry_content
from tests.homes import write_registry
from tests.talk import note, to, use

STEPS = 7


def steps(home: Path, turns: int, tool: str) -> tuple[list[float], list[float]]:
    """Return the milliseconds from step to step, and of them those that the gate and the tool took."""
    write_registry(home, registry_content())
    arguments = {"calculate": {"expression": "1 + 2"}, "task_create": {"title": "water the plants"}}[tool]
    calls = [use(tool, **arguments)] * STEPS
    script = {
        "orchestrator": [to(("operator", "do it")), *calls, note("done")] * turns,
        "persona": ["there"] * turns,
    }
    between, inside = [], []
    with ScriptedProvider(script) as provider, MetaHuman(home, providers=lambda _: provider) as twin:
        for number in range(turns):
            last = None
            for event in twin.stream(f"do it, {number}: 1 + 2, water the plants", thread=f"t{number}"):
                if isinstance(event, Stepped):
                    assert event.step["ended"] == "done", event.step["error"]
                    inside.append(event.step["latencyMs"])
                    if last is not None:
                        between.append((time.perf_counter() - last) * 1000)
                    last = time.perf_counter()
    return between, inside


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--turns", type=int, default=40)
    turns = arguments.parse_args().turns
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, {turns * STEPS} steps\n")
    print("| tool | step to step, p50 ms | p99 ms | of it gate and tool, p50 ms |\n|---|---|---|---|")
    for tool in ("calculate", "task_create"):
        with tempfile.TemporaryDirectory() as folder:
            between, inside = steps(Path(folder), turns, tool)
        figures = statistics.median(between), percentile(between, 0.99), statistics.median(inside)
        print(f"| {tool} | {' | '.join(f'{figure:.1f}' for figure in figures)} |")


if __name__ == "__main__":
    main()
