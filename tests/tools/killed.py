"""A gate whose process is killed at any moment, again and again, and what each next start finds.

Run by itself, in a process that forks before it has any threads: `python -m tests.tools.killed HOME TIMES SEED`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from metahuman.audit.log import AuditLog
from metahuman.audit.reader import Reader
from metahuman.clock import SystemClock
from metahuman.state.acting import Acting, Output
from metahuman.tools.book import Left
from metahuman.tools.changes import ChangeLog
from metahuman.tools.desk import Desk
from metahuman.tools.files.ledger import Key
from metahuman.tools.gate import Gate
from metahuman.tools.journal import Journal
from metahuman.tools.policy.paths import resolve
from metahuman.tools.policy.settings import TrustFiles
from metahuman.tools.tool import Tool, Touch
from metahuman.tools.toolbox import Toolbox
from tests.tools.gates import Path_, acting, call, yes
from tests.tools.own.desks import ListedMemories, ScriptedAsking


@dataclass
class Found:
    """What many kills left: `wrong` lists what must not be."""

    kills: int = 0
    calls: int = 0
    left: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


async def add(given: Path_, desk: Desk) -> Output:
    """Add a letter to a file: done twice, it shows."""
    path = resolve(given.path, desk.base, desk.folders, "write", home=desk.home)
    await asyncio.to_thread(desk.changes.change, path, lambda before: (before or b"") + b"x")
    return Output("added", trusted=True)


async def send(given: Path_, desk: Desk) -> Output:
    """Do the same where no change is kept: nobody can tell afterwards."""
    with resolve(given.path, desk.base, desk.folders, "read").open("ab") as file:
        file.write(b"x")
    return Output("sent")


def gate_of(home: Path) -> Gate:
    """A gate as the program has it, with real files, a real audit and a real clock."""
    clock, log = SystemClock(), home / "logs" / "audit"
    changes = ChangeLog(home, clock.now)

    def desk_for(whom: Acting, key: str) -> Desk:
        of_call = changes.of(Key(whom.thread, whom.turn, key))
        return Desk(home, home, [], clock.now(), of_call, ListedMemories(), ScriptedAsking())

    def writes(given: Path_) -> list[Touch]:
        return [Touch(given.path, "write")]

    tools: list[Tool[Any]] = [
        Tool("add", Path_, add, "medium", "write", touches=writes),
        Tool("send", Path_, send, "high", "send"),
    ]
    journal = Journal(home / "state" / "actions.sqlite", home / "state" / "locks")
    return Gate(
        Toolbox(tools), TrustFiles(home), journal, desk_for, AuditLog(log, clock), clock,
        audited=lambda execution: any(event["execution"] == execution for event in events(log)),
    )  # fmt: skip


def events(log: Path) -> Iterator[dict[str, Any]]:
    """Yield the details of every call that the audit has."""
    return (entry.details for entry in Reader(log, event="tool_called").read())


async def make(gate: Gate, number: int) -> str:
    """Make a call that was approved, as a turn does that is begun or taken up again."""
    name = f"{number}.txt"
    one = call("add" if number % 2 else "send", number, path=name)
    return (await gate.run(one, acting(), yes(one["arguments"]))).ended


def work(home: Path, first: int, told: int) -> None:
    """Make one call after the other for ever, telling the number of each."""

    async def on() -> None:
        gate = gate_of(home)
        await gate.unfinished()
        for number in itertools.count(first):
            os.write(told, b".")
            await make(gate, number)

    asyncio.run(on())


def killed(home: Path, times: int, seed: int) -> Found:
    """Kill a worker so many times, each at a moment of its own; look after each at what it left."""
    found, drawn, number = Found(), random.Random(seed), 1
    for _ in range(times):
        begun = _run_and_kill(home, number, drawn.uniform(0.0, 0.06))
        asyncio.run(_look(home, number, begun, found))
        number += begun
        found.kills += 1
        found.calls += begun
    return found


def _run_and_kill(home: Path, first: int, seconds: float) -> int:
    """Kill a fork of this process so long after its first call began; return how many it began."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            work(home, first, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        begun = len(pipe.read(1))
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return begun + len(pipe.read())


async def _look(home: Path, first: int, begun: int, found: Found) -> None:
    gate = gate_of(home)
    left = {one.call: one for one in await gate.unfinished()}
    for one in left.values():
        found.left[one.ended] = found.left.get(one.ended, 0) + 1
    if len(left) > 1:
        found.wrong.append(f"{len(left)} calls were left by one process that makes one at a time")
    for number in range(first, first + begun):
        _check(home, number, left.get(f"call-{number}"), found)
        ended = await make(gate, number)
        again = await make(gate, number)
        if ended != again or (number % 2 and ended != "done"):
            found.wrong.append(f"{number}: {ended}, then {again}")
    gate.close()
    told = Counter(details["execution"] for details in events(home / "logs" / "audit"))
    found.wrong += [f"{execution}: {times} events" for execution, times in told.items() if times != 1]
    for number in range(first, first + begun):
        _check_end(home, number, found)


def _check(home: Path, number: int, left: Left | None, found: Found) -> None:
    """Note where what the next start says of a call is not so."""
    size = _size(home, number)
    if left is None or left.ended == "unknown":
        return
    if size != (left.ended == "done"):
        found.wrong.append(f"{number}: said {left.ended}, and {size} times done")


def _check_end(home: Path, number: int, found: Found) -> None:
    """Note where a call was made more than once, or not at all without saying so; or its end is not in the audit."""
    size = _size(home, number)
    mine = [one["ended"] for one in events(home / "logs" / "audit") if one["call"] == f"call-{number}"]
    ends = [ended for ended in mine if ended != "failed"]  # a call that had changed nothing was made again
    if size > 1 or len(ends) != 1 or (size == 0 and ends != ["unknown"]):
        found.wrong.append(f"{number}: {size} times done, the audit says {mine}")


def _size(home: Path, number: int) -> int:
    path = home / "files" / f"{number}.txt"
    return path.stat().st_size if path.exists() else 0


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(killed(Path(sys.argv[1]), *map(int, sys.argv[2:])))))
