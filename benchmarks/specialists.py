"""Specialists side by side: what waiting for eight takes beside the slowest, what the graph costs, failures, stopping.

    python benchmarks/specialists.py [--runs 40] [--json FILE]

The models are on a server in a process of its own (`specialists_server.py`), which speaks OpenAI's protocol and answers
after 200 ms; what the graph costs is measured on models that answer at once (`specialists_graph.py`), beside a handoff
of langgraph-supervisor where that is installed (`specialists_supervisor.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.overhead import percentile
from benchmarks.specialists_graph import MESSAGE, costs, fan_out, middle, prepared, routed
from benchmarks.specialists_server import Address, serving
from benchmarks.specialists_supervisor import measured, missing
from metahuman.home import Home
from metahuman.models.live import SAME_TIME
from metahuman.reply import Begun, Event, Found, Reply
from metahuman.specialists import SpecialistTask, route_to_specialists_parallel
from metahuman.state.background import background
from metahuman.state.context import TurnContext
from metahuman.turns import Turns
from metahuman.wiring import open_services, shared_services
from tests import fanout
from tests.homes import write_registry

EIGHT, LATENCY, DEADLINE = 8, 0.2, 1_000
COUNTS = (1, 2, 4, 8, 16, 32)


class Waited(NamedTuple):
    """Milliseconds: until all were there, and of the slowest."""

    total: float
    slowest: float


@contextmanager
def home_on(server: Address, settled: bool = True, **changes: Any) -> Iterator[Home]:
    """Make a home whose models are on a server.

    Args:
        server: The server.
        settled: Whether to wait until a look at the registry's file tells that it has not changed.
        changes: Sections of its registry; `models` names another model for a role.
    """
    models = changes.pop("models", {})
    content = fanout.on_server(server.base_url, **changes)
    for role, model in models.items():
        content["models"][role]["model"] = model
    with tempfile.TemporaryDirectory() as folder:
        write_registry(Path(folder), content)
        time.sleep(SAME_TIME / 1e9 + 0.1 if settled else 0)
        yield Home(Path(folder))


@contextmanager
def turns_on(home: Home) -> Iterator[Turns]:
    """Open a home's turns, whose classifier sends the message to eight specialists."""
    services = routed(open_services(home), fan_out(EIGHT))
    turns = Turns(home, services, patience=1.0)
    yield turns
    background.run(turns.close())
    background.run(services.aclose())


def functions(home: Home, runs: int) -> list[Waited]:
    """Return what eight tasks take through `route_to_specialists_parallel`."""
    tasks = [SpecialistTask(task["task"], task["destination"]) for task in fan_out(EIGHT)]  # type: ignore[arg-type]
    waited = []
    for _ in range(runs + 2):
        started = time.perf_counter()
        results = route_to_specialists_parallel(tasks, home=home)
        took = (time.perf_counter() - started) * 1000
        assert not any(result.error for result in results), results
        waited.append(Waited(took, max(result.latency_ms for result in results)))
    background.run(shared_services(home).aclose())
    return waited[2:]


def whole_turns(home: Home, runs: int) -> list[Waited]:
    """Return what eight tasks take in a turn: from the first event that work has begun to the last finding."""
    waited = []
    with turns_on(home) as turns:
        for number in range(runs + 2):
            began, ended, slowest = 0.0, 0.0, 0.0
            for event in said(turns, f"turn {number}"):
                if isinstance(event, Begun):
                    began = time.perf_counter()
                if isinstance(event, Found):
                    assert event.finding["error"] is None, event
                    ended, slowest = time.perf_counter(), max(slowest, event.finding["latencyMs"])
            waited.append(Waited((ended - began) * 1000, slowest))
    return waited[2:]


def said(turns: Turns, thread: str) -> Iterator[Event]:
    """Say the message and yield what happens, as `MetaHuman.stream` does."""
    return background.iterate(turns.say(MESSAGE, thread, TurnContext()))


def degraded(server: Address) -> tuple[float, float, Reply]:
    """Return the milliseconds until the six were there, and the reply, where one of eight fails and one hangs."""
    late = {"curator": "failing", "dreamer": "hanging"}
    with (
        home_on(server, models=late, rolePolicies={"dreamer": {"deadline": DEADLINE}}) as home,
        turns_on(home) as turns,
    ):
        started, six, reply = time.perf_counter(), 0.0, None
        for event in said(turns, "main"):
            if isinstance(event, Found) and event.finding["error"] is None:
                six = (time.perf_counter() - started) * 1000
            reply = event
        took = (time.perf_counter() - started) * 1000
    assert isinstance(reply, Reply)
    return six, took, reply


def closed_streams(server: Address, runs: int) -> list[float]:
    """Return the milliseconds from the closing of a stream until the server saw the last of eight clients leave."""
    hanging = dict.fromkeys(("coder", "planner", "summarizer", "curator", "dreamer"), "hanging")
    took = []
    with home_on(server, models=hanging) as home, turns_on(home) as turns:
        for number in range(runs):
            events, before = said(turns, f"turn {number}"), len(server.watch().left)
            next(event for event in events if isinstance(event, Begun))
            server.wait_for(EIGHT)
            took.append(_until_left(server, before, lambda: events.close()))  # type: ignore[attr-defined]  # noqa: B023
    return took


def interrupted(server: Address, runs: int) -> tuple[list[float], set[int]]:
    """Return the same for Ctrl-C at `metahuman ask`, and the program's exit codes."""
    hanging = dict.fromkeys(("coder", "planner", "summarizer", "dreamer"), "hanging")
    took, codes = [], set()
    for _ in range(runs):
        with home_on(server, settled=False, models=hanging) as home:
            command = [sys.executable, "-m", "metahuman", "--home", str(home.root), "ask"]
            before = len(server.watch().left)
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
                process.stdin.write(fanout.MESSAGE)  # type: ignore[union-attr]
                process.stdin.close()  # type: ignore[union-attr]
                server.wait_for(EIGHT, 30)
                took.append(_until_left(server, before, lambda: process.send_signal(signal.SIGINT)))
                codes.add(process.wait(10))
    return took, codes


def _until_left(server: Address, before: int, stop: Any) -> float:
    """Stop something, and return the milliseconds until the last of eight clients had left."""
    started = time.monotonic()
    stop()
    server.wait_for(0)
    left = server.watch().left[before:]
    assert len(left) == EIGHT, left
    return (max(left) - started) * 1000


def beside_the_slowest(server: Address, runs: int) -> dict[str, Any]:
    """Measure and print how much longer eight take than the slowest of them."""
    with home_on(server) as home:
        ways = {"route_to_specialists_parallel": functions(home, runs), "in a turn": whole_turns(home, runs)}
    print(f"\nEight specialists on a server that answers after {LATENCY * 1000:.0f} ms, {runs} runs\n")
    print("| | total, p50 ms | p95 | slowest, p50 ms | total ÷ slowest, p50 | p95 |\n|---|---|---|---|---|---|")
    figures = {}
    for name, waited in ways.items():
        totals, ratios = [one.total for one in waited], [one.total / one.slowest for one in waited]
        slowest = statistics.median(one.slowest for one in waited)
        print(
            f"| {name} | {statistics.median(totals):.0f} | {percentile(totals, 0.95):.0f} | {slowest:.0f} "
            f"| {statistics.median(ratios):.3f} | {percentile(ratios, 0.95):.3f} |"
        )
        figures[name] = [one._asdict() for one in waited]
    return figures


def of_the_graph(runs: int) -> dict[str, Any]:
    """Measure and print what the graph costs."""
    print(f"\nOn models that answer at once: from broker to persona, {runs} turns, median (p95), ms\n")
    print("| specialists | checkpoints | whole | the calls alone | own | own, processor | there and back |")
    print("|---|---|---|---|---|---|---|")
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        home = prepared(Path(folder))
        for count in COUNTS:
            for checkpoints in (False, True):
                took = asyncio.run(costs(home, count, runs, checkpoints=checkpoints))
                columns = {
                    "whole": middle(took, lambda one: one.whole.wall),
                    "calls": middle(took, lambda one: one.calls.wall),
                    "own": middle(took, lambda one: one.own.wall),
                    "ownProcessor": middle(took, lambda one: one.own.processor),
                    "handoff": middle(took, lambda one: one.handoff),
                }
                cells = " | ".join(f"{half} ({most})" for half, most in columns.values())
                print(f"| {count} | {'SQLite' if checkpoints else 'none'} | {cells} |", flush=True)
                figures[f"{count} {checkpoints}"] = columns
    return figures


def of_a_supervisor(runs: int) -> dict[str, Any]:
    """Measure and print what a handoff of langgraph-supervisor costs."""
    if why := missing():
        print(f"\nlanggraph-supervisor: left out ({why})")
        return {}
    took = asyncio.run(measured(runs))
    for name, values in took.items():
        half, most = statistics.median(values), percentile(values, 0.95)
        print(f"\nlanggraph-supervisor, one {name}: {half:.1f} ms (p95 {most:.1f})")
    return took


def of_failures(server: Address) -> dict[str, Any]:
    """Measure and print what becomes of a turn in which two of eight specialists come to nothing."""
    six, took, reply = degraded(server)
    print(f"\nOne of eight fails, one hangs until its deadline of {DEADLINE} ms: the other six after {six:.0f} ms,")
    print(f"the answer after {took:.0f} ms. It says: {reply.text}")
    for finding in reply.failed:
        print(f"- {finding['source']}: {finding['error']}")
    return {"sixMs": six, "answerMs": took, "answer": reply.text, "failed": reply.failed}


def of_stopping(server: Address, runs: int) -> dict[str, Any]:
    """Measure and print how soon a stop reaches the server."""
    streams, (keys, codes) = closed_streams(server, runs), interrupted(server, max(runs // 4, 3))
    for name, took in {"a closed stream": streams, "Ctrl-C at `metahuman ask`": keys}.items():
        print(
            f"\nFrom {name} until the last of eight connections was closed: "
            f"{statistics.median(took):.0f} ms (most {max(took):.0f}, {len(took)} times)"
        )
    print(f"Exit codes after Ctrl-C: {sorted(codes)}")
    return {"streamsMs": streams, "interruptsMs": keys, "exitCodes": sorted(codes)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", choices=["slowest", "graph", "supervisor", "failures", "stopping"], action="append")
    chosen = parser.parse_args(arguments)
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()}")
    with serving(LATENCY) as server:
        parts = {
            "slowest": lambda: beside_the_slowest(server, chosen.runs),
            "graph": lambda: of_the_graph(chosen.runs),
            "supervisor": lambda: of_a_supervisor(chosen.runs),
            "failures": lambda: of_failures(server),
            "stopping": lambda: of_stopping(server, max(chosen.runs // 2, 3)),
        }
        figures = {name: part() for name, part in parts.items() if name in (chosen.only or parts)}
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
