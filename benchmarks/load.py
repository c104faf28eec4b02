"""How much a served twin bears: a thousand conversations at once on one, two and more workers, some of them killed.

    python benchmarks/load.py [--threads 1000] [--turns 2] [--at-once 48] [--workers 1 2 3] [--postgres] [--json FILE]

`metahuman serve --workers N`, the models (a server that streams and waits for nothing) and the clients are processes
of their own, on loopback. Each thread is a conversation of whole turns: routed, recalled, checkpointed, remembered,
audited. First each number of workers has its share of the threads; then, on the most workers, one is killed every
four seconds while the clients go on as clients do: they ask to have the turn finished that was cut short. In the end
every thread must hold each message and its answer once, in order, each acknowledged turn must be remembered once, and
the audit chain be whole.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.load_server import registry
from benchmarks.load_server import served as models_served
from tests.serving import workers_of

#: Turns of each worker before anything is measured: much is imported in the first.
WARM = 20
#: Seconds between two kills.
APART = 4.0
#: Seconds for which a client asks again where nobody answers.
PATIENCE = 120.0


@dataclass
class Clients:
    """People who talk with the twin at an address.

    Args:
        port: Its port.
        at_once: How many of them are waiting for an answer at a time.
    """

    port: int
    at_once: int
    took: list[float] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)
    broken: int = 0

    async def talk(self, threads: Sequence[str], turns: int) -> float:
        """Have a conversation on each thread; return the seconds that all took."""
        free, started = asyncio.Semaphore(self.at_once), time.monotonic()

        async def one(thread: str) -> None:
            for number in range(turns):
                async with free:
                    await self._say(thread, f"We had tea in the garden by the river. {thread}-{number}")

        await asyncio.gather(*map(one, threads))
        return time.monotonic() - started

    async def _say(self, thread: str, message: str) -> None:
        """Say something until it is answered."""
        started, path, body = time.monotonic(), "/api/chat", {"message": message, "thread": thread}
        while True:
            status, text = await self._post(path, body)
            if status == 200 and "event: reply" in text and "event: error" not in text:
                break
            if status == 409 and "nothing was left unanswered" in text:  # it was never begun, or had its answer
                if await self._holds(thread, message):
                    break
                path, body = "/api/chat", {"message": message, "thread": thread}
            elif status in (0, 200) and time.monotonic() - started < PATIENCE:
                self.broken += 1
                path, body = "/api/chat/retry", {"thread": thread}
            elif status not in (409, 429, 503) or time.monotonic() - started > PATIENCE:
                raise RuntimeError(f"{status}: {text[-500:]}")
            await asyncio.sleep(0.1)
        self.took.append((time.monotonic() - started) * 1000)
        self.said.setdefault(thread, []).append(message)

    async def _holds(self, thread: str, message: str) -> bool:
        """Tell whether a thread's last question is this one."""
        _, text = await self._request(f"GET /api/threads/{thread} HTTP/1.1\r\n", b"")
        return message in text

    async def _post(self, path: str, body: dict[str, str]) -> tuple[int, str]:
        data = json.dumps(body).encode()
        return await self._request(f"POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n", data)

    async def _request(self, head: str, data: bytes) -> tuple[int, str]:
        """Return the status and the whole answer; 0 if the connection broke."""
        with suppress(ConnectionError, ValueError, IndexError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(f"{head}Host: localhost\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n".encode())
            writer.write(data)
            whole = await reader.read()
            writer.close()
            return int(whole.split(b" ", 2)[1]), whole.decode()
        return 0, ""


@contextmanager
def serving(home: Path, workers: int, environment: dict[str, str]) -> Iterator[tuple[psutil.Process, int]]:
    """Serve a home by so many workers; hand out the process that keeps them, and the port."""
    options = ("--port", "0", "--no-agents", "--workers", str(workers), "--rate", "100000")
    command = [sys.executable, "-m", "metahuman", "--home", str(home), "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            line = process.stdout.readline()  # type: ignore[union-attr]
            yield psutil.Process(process.pid), int(line.strip().rstrip("/").rpartition(":")[2])
        finally:
            process.terminate()


async def _kill(keeper: psutil.Process, done: asyncio.Event) -> int:
    """Kill a worker every few seconds until all is done; return how many."""
    draw, count = random.Random(7), 0
    while not done.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), APART)
            break
        with suppress(psutil.Error):
            draw.choice(workers_of(keeper) or [keeper]).kill()
            count += 1
    return count


def measured(home: Path, workers: int, threads: Sequence[str], asked: argparse.Namespace) -> dict[str, Any]:
    """Return how so many workers do on so many threads."""
    with serving(home, workers, dict(os.environ)) as (keeper, port):
        clients = Clients(port, asked.at_once)
        asyncio.run(Clients(port, workers * 2).talk([f"warm-{workers}-{n}" for n in range(WARM * workers)], 1))
        before, began = psutil.cpu_times(), _processor(keeper)
        seconds = asyncio.run(clients.talk(threads, asked.turns))
        used, after = _processor(keeper) - began, psutil.cpu_times()
    cuts = statistics.quantiles(clients.took, n=100)
    turns, idle = len(clients.took), (after.idle - before.idle) / (seconds * (os.cpu_count() or 1))
    return {
        "workers": workers,
        "turns": turns,
        "seconds": round(seconds, 2),
        "turnsPerSecond": round(turns / seconds, 2),
        "p50Ms": round(cuts[49], 1),
        "p99Ms": round(cuts[98], 1),
        "processorMsPerTurn": round(used / turns * 1000, 2),
        "machineBusy": round(1 - idle, 3),
        "said": clients.said,
    }


def killed(home: Path, threads: Sequence[str], asked: argparse.Namespace) -> dict[str, Any]:
    """Return what came of conversations in the midst of which workers were killed."""

    async def both(keeper: psutil.Process) -> tuple[float, int]:
        done = asyncio.Event()
        kills = asyncio.create_task(_kill(keeper, done))
        seconds = await clients.talk(threads, asked.turns)
        done.set()
        return seconds, await kills

    with serving(home, max(asked.workers), dict(os.environ)) as (keeper, port):
        clients = Clients(port, asked.at_once)
        seconds, kills = asyncio.run(both(keeper))
    figures = {"turns": len(clients.took), "seconds": round(seconds, 2), "killed": kills, "brokenOff": clients.broken}
    return {**figures, "said": clients.said}


def wrong(home: Path, said: dict[str, list[str]]) -> list[str]:
    """Return what is not as the clients were told."""
    from metahuman.api import MetaHuman
    from metahuman.database import keeper_of

    with MetaHuman(home) as twin:
        found = [name for name, messages in said.items() if not _in_order(twin.history(name), messages)]
    keeper = keeper_of(twin.home)
    kept = Counter(memory.content for memory in keeper.all())
    keeper.close()
    messages = [message for each in said.values() for message in each]
    found += [f"remembered {kept[message]} times: {message}" for message in messages if kept[message] != 1]
    command = [sys.executable, "-m", "metahuman", "--home", str(home), "audit", "verify"]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    return found + ([] if verified.returncode == 0 else [verified.stdout + verified.stderr])


def _in_order(history: Sequence[Any], messages: Sequence[str]) -> bool:
    """Tell whether a thread holds these messages, and after each its answer."""
    questions, answers = [one.text for one in history[::2]], [one.text for one in history[1::2]]
    fits = all(answer.endswith(message.split()[-1]) for message, answer in zip(messages, answers, strict=False))
    return questions == list(messages) and len(answers) == len(messages) and fits


def _processor(keeper: psutil.Process) -> float:
    """Return the processor seconds that a server and its workers have used."""
    return sum(sum(one.cpu_times()[:2]) for one in {keeper, *workers_of(keeper)})


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=2, help="of each thread")
    parser.add_argument("--at-once", type=int, default=48, help="clients that wait for an answer at a time")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--postgres", action="store_true", help="memories and threads in a PostgreSQL of its own")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
    if asked.postgres:
        from tests.servers.postgres import postgres_server

        os.environ["METAHUMAN_DATABASE_URL"] = postgres_server().new_database()
    names = [f"thread-{number}" for number in range(asked.threads)]
    share = len(names) // (len(asked.workers) + 1)
    with tempfile.TemporaryDirectory() as folder, models_served() as url:
        home, said = Path(folder), dict[str, list[str]]()
        (home / "etc").mkdir()
        (home / "etc" / "models.json").write_text(json.dumps(registry(url)))
        rows = []
        for number, workers in enumerate(asked.workers):
            rows.append(measured(home, workers, names[number * share : (number + 1) * share], asked))
            said |= rows[-1].pop("said")
            print(json.dumps(rows[-1]), flush=True)
        kills = killed(home, names[len(asked.workers) * share :], asked)
        said |= kills.pop("said")
        print(json.dumps(kills), flush=True)
        problems = wrong(home, said)
        size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    turns = sum(map(len, said.values()))
    print("\n".join(problems) or f"{len(said)} threads, {turns} turns: nothing lost or doubled")
    print(f"{size / turns:,.0f} bytes of files a turn")
    if asked.json:
        asked.json.write_text(
            json.dumps({"scale": rows, "kills": kills, "wrong": problems, "bytesPerTurn": size / turns}, indent=2)
            + "\n"
        )
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    main()
