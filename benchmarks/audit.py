"""What the audit log costs, and how quickly it is verified and read.

    python benchmarks/audit.py [--events 1000000]

- An event of a model call, with the chain and without: the plain writer below does what the log did before there was a
  chain (encode, look at the end, append). They take turns in blocks, alone and beside seven other processes that
  write to the same log all the time.
- Verifying a log of so many events, and reading it from end to end.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.overhead import percentile
from metahuman.audit.chain import Link, sealed
from metahuman.audit.head import Head, head_path
from metahuman.audit.log import AuditLog
from metahuman.audit.reader import Reader
from metahuman.audit.replaying import replay
from metahuman.audit.verifying import verify
from metahuman.clock import SystemClock
from metahuman.state.events import AuditEvent, llm_call
from metahuman.state.moments import iso
from tests.calls import a_call

CALL = llm_call(a_call())  # type: ignore[arg-type]
BLOCK, BLOCKS, OTHERS = 250, 40, 7
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str, separators=(",", ":")).encode


class Plain:
    """Appends events without a chain."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._clock = SystemClock()

    def record(self, event: AuditEvent) -> None:
        """Append an event."""
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            raise ValueError("half a line")
        os.write(self._descriptor, _line(iso(self._clock.now()), event))


def _line(stamp: str, event: AuditEvent, end: str = "\n") -> bytes:
    told = {"level": event.level, "category": event.category, "event": event.event, "actor": event.actor}
    return (_encode({"timestamp": stamp, **told, "details": dict(event.details)}) + end).encode()


def timed(record: Callable[[AuditEvent], None]) -> list[float]:
    """Return the microseconds of each event of a block."""
    took = []
    for _ in range(BLOCK):
        started = time.perf_counter()
        record(CALL)
        took.append((time.perf_counter() - started) * 1e6)
    return took


def costs(folder: Path) -> dict[str, list[float]]:
    """Return the microseconds of events written without the chain and with it, in turns."""
    folder.mkdir(parents=True, exist_ok=True)
    log, plain = AuditLog(folder, SystemClock()), Plain(folder.parent / "plain.ndjson")
    took: dict[str, list[float]] = {"without": [], "with": []}
    for _ in range(BLOCKS):
        took["without"] += timed(plain.record)
        took["with"] += timed(log.record)
    log.close()
    return took


def keep_writing(folder: Path) -> None:
    """Write an event a millisecond, until killed."""
    log = AuditLog(folder, SystemClock())
    while True:
        log.record(CALL)
        time.sleep(0.001)


def beside_others(folder: Path) -> dict[str, list[float]]:
    """The same, beside other processes that write to the chained log."""
    with ExitStack() as stack:
        for _ in range(OTHERS):
            other = multiprocessing.Process(target=keep_writing, args=(folder / "audit",), daemon=True)
            other.start()
            stack.callback(other.join)
            stack.callback(other.kill)
        return costs(folder / "audit")


def build(folder: Path, events: int) -> int:
    """Make a log of so many model calls, ten thousand a day; return its bytes."""
    folder.mkdir(parents=True)
    link, number = Link(), 0
    while number < events:
        day = FIRST + timedelta(days=number // 10_000)
        path = folder / f"{day:%Y-%m-%d}.ndjson"
        with path.open("wb") as file:
            for _ in range(min(10_000, events - number)):
                line, link = sealed(_line(iso(day + timedelta(seconds=number % 10_000)), CALL, ""), link)
                file.write(line)
                number += 1
    head_path(folder).write_bytes(Head(*link, path.stem, path.stat().st_size).as_bytes())
    return sum(path.stat().st_size for path in folder.iterdir())


def seconds(work: Callable[[], object]) -> str:
    """Return how long it takes, and how much of a core's time, for a machine may have other work."""
    started, busy = time.perf_counter(), time.process_time()
    work()
    return f"{time.perf_counter() - started:.1f} s ({time.process_time() - busy:.1f} s of a core)"


def tell(name: str, took: dict[str, list[float]]) -> None:
    """Print what an event costs, without the chain and with it."""
    told = {how: (percentile(times, 0.5), percentile(times, 0.99)) for how, times in took.items()}
    (plain, plain99), (chained, chained99) = told["without"], told["with"]
    print(f"{name}, {len(took['with']):,} events each, p50 / p99:", end=" ")
    print(f"without the chain {plain:.0f} / {plain99:.0f} us, with it {chained:.0f} / {chained99:.0f} us", end=" ")
    print(f"({chained - plain:+.0f} us at p50)", flush=True)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    events: int = parser.parse_args().events
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as root:
        tell("alone", costs(Path(root) / "alone" / "audit"))
        tell(f"beside {OTHERS} processes", beside_others(Path(root) / "many"))
        folder = Path(root) / "long" / "audit"
        size = build(folder, events)
        print(f"{events:,} events, {size / 1e6:,.0f} MB:")
        print(f"verified in {seconds(lambda: verify(folder))}")
        print(f"read in {seconds(lambda: sum(1 for _ in Reader(folder).read()))}")
        print(f"a thread replayed in {seconds(lambda: replay(folder, 'other'))}")


if __name__ == "__main__":
    main()
