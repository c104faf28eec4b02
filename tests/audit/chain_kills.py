"""Writers of one audit log that are killed at any moment, again and again, and whether the chain is whole after each.

Run by itself, in a process that forks before it has any threads: `python -m tests.audit.chain_kills FOLDER TIMES`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from metahuman.audit.log import AuditLog
from metahuman.audit.verifying import verify
from metahuman.state.events import AuditEvent

WRITERS = 3


class WildClock:
    """Any hour of three days, in no order."""

    def __init__(self, seed: int) -> None:
        self._drawn = random.Random(seed)

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=self._drawn.randrange(72))

    def milliseconds(self) -> float:
        return 0.0


def write(folder: Path, seed: int, told: int) -> None:
    """Write events of any length for ever; a byte says that one is written."""
    drawn, log = random.Random(seed), AuditLog(folder, WildClock(seed))
    while True:
        log.record(AuditEvent("memory_saved", "system", {"text": "x" * int(2 ** drawn.uniform(0, 17))}))
        os.write(told, b"x")


def killed(folder: Path, seed: int, seconds: float) -> int:
    """Kill some writers so long after the first event; return how many events they know to be written."""
    hears, told = os.pipe()
    writers = list[int]()
    for number in range(WRITERS):
        if (writer := os.fork()) == 0:
            try:
                write(folder, seed * WRITERS + number, told)
            finally:
                os._exit(1)
        writers.append(writer)
    os.close(told)
    with os.fdopen(hears, "rb", buffering=0) as pipe:
        written = len(pipe.read(1))
        time.sleep(seconds)
        for writer in writers:
            os.kill(writer, signal.SIGKILL)
        for writer in writers:
            os.waitpid(writer, 0)
        return written + len(pipe.read())


def main(folder: Path, times: int) -> None:
    """Print as JSON what was found, and how many events were written, sound and unfinished."""
    drawn, found, written = random.Random(7), list[str](), 0
    for seed in range(times):
        written += killed(folder, seed, drawn.uniform(0, 0.03))
        verdict = verify(folder)
        found += [f"after {seed + 1} kills: {place}" for place in verdict.places]
        if verdict.events < written:
            found.append(f"after {seed + 1} kills: {written} events were written, {verdict.events} are there")
        if verdict.events + verdict.unfinished > written + WRITERS * (seed + 1):
            found.append(f"after {seed + 1} kills: more than was written: {verdict.events}")
    told = {"found": found, "written": written, "events": verdict.events, "unfinished": verdict.unfinished}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
