"""What the server costs beside the turns themselves: many streaming chats at once, on models that answer at once.

    python benchmarks/server.py [--chats 50] [--rounds 4]

Server and clients are processes of their own, as in life. Each chat is a whole turn on a thread of its own: routed,
recalled, checkpointed, remembered, audited. The models are scripted behind the provider seam and wait for nothing. The
same turns are also made in a process without any server: what differs is the server's own time. "forwarded" is the time
from a word leaving the model to its arrival at the client; both read the machine's one clock. Processor time does not
depend on what else the machine does meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

WORDS = 20
#: Turns before anything is measured.
WARM = 20


def scripted() -> Any:
    """Return models that answer at once: the orchestrator with a route, the others with the time."""
    from tests.fakes import ScriptedProvider
    from tests.homes import TALK

    class Clocks(ScriptedProvider):
        def next(self, asked: Any) -> str:
            return (
                TALK if asked.model_id == "orchestrator" else " ".join([f"{time.monotonic():.6f}", *["word"] * WORDS])
            )

    return Clocks({})


def serve(home: str, place: Any) -> None:
    """Serve a twin until it is asked, through `place`, to tell its processor seconds."""
    from metahuman.home import Home
    from metahuman.server import running
    from metahuman.server.app import create_app
    from metahuman.server.settings import Limits, Settings
    from tests.fakes import registry_content
    from tests.homes import write_registry

    provider = scripted()
    write_registry(Path(home), registry_content())
    settings = Settings(port=0, agents=False, limits=Limits(rate=1e6, burst=10**6, streams=512))
    app, listener = create_app(Home(Path(home)), settings, lambda _: provider), running.bind(settings)

    async def work() -> None:
        await running.serve(app, listener, lambda: place.put(listener.getsockname()[1]), asyncio.Event())

    running.run(work())


def direct(home: str, place: Any, chats: int, rounds: int) -> None:
    """Make the same turns without a server; put their times, and the processor's, into `place`."""
    from metahuman.home import Home
    from metahuman.server.running import run
    from metahuman.server.twin import ServedTwin
    from metahuman.state.context import TurnContext
    from tests.fakes import registry_content
    from tests.homes import write_registry

    provider = scripted()
    write_registry(Path(home), registry_content())
    twin = ServedTwin(Home(Path(home)), lambda _: provider).open()

    async def one(number: int) -> float:
        started = time.monotonic()
        async for _ in twin.turns.say(f"message {number}", f"t{number}", TurnContext()):
            pass
        return (time.monotonic() - started) * 1000

    async def work() -> None:
        for number in range(WARM):
            await one(number)
        took, began = list[float](), time.process_time()
        for number in range(1, rounds + 1):
            took += await asyncio.gather(*(one(1000 * number + chat) for chat in range(chats)))
        place.put((took, time.process_time() - began))
        await twin.aclose()

    run(work())


async def chat(port: int, number: int) -> tuple[float, float, float]:
    """Return the milliseconds to the first word, from the model to here, and to the end, of one turn."""
    started = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"message": f"message {number}", "thread": f"t{number}"}).encode()
    head = "POST /api/chat HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    first, forwarded, whole = 0.0, 0.0, b""
    while data := await reader.read(65_536):
        whole += data
        if not first and b"event: token" in whole and b"}\n" in whole.partition(b"event: token")[2]:
            arrived = time.monotonic()
            said = json.loads(whole.partition(b"event: token\ndata: ")[2].partition(b"\n")[0])["text"]
            first, forwarded = arrived - started, arrived - float(said)
    writer.close()
    if b"event: reply" not in whole or b"event: error" in whole:
        raise RuntimeError(whole[-500:].decode())
    return first * 1000, forwarded * 1000, (time.monotonic() - started) * 1000


async def status(port: int, count: int, stop: asyncio.Event) -> list[float]:
    """Return the milliseconds of requests for the status, one after the other on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    while len(took) < count and not stop.is_set():
        started = time.monotonic()
        writer.write(b"GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        took.append((time.monotonic() - started) * 1000)
        await asyncio.sleep(0.01)
    writer.close()
    return took


def told(name: str, values: Sequence[float]) -> str:
    """Return a line of figures in milliseconds."""
    cuts = statistics.quantiles(values, n=100)
    return f"{name:<34} median {cuts[49]:8.2f}  p99 {cuts[98]:8.2f}  max {max(values):8.2f} ms  (n={len(values)})"


async def measure(port: int, pid: int, chats: int, rounds: int) -> tuple[list[float], float]:
    """Measure, and print what came of it; return the times of turns at once, and the processor's for all of them."""
    for number in range(WARM):
        await chat(port, number)
    alone = [await chat(port, WARM + number) for number in range(100)]
    print(told("one chat: whole turn", [one[2] for one in alone]))
    print(told("one chat: word forwarded", [one[1] for one in alone]))
    print(told("status, quiet", await status(port, 500, asyncio.Event())))
    together, before, started = list[tuple[float, float, float]](), _processor(pid), time.monotonic()
    for number in range(1, rounds + 1):
        together += await asyncio.gather(*(chat(port, 1000 * number + one) for one in range(chats)))
    seconds, processor = time.monotonic() - started, _processor(pid) - before
    print(told(f"{chats} chats at once: whole turn", [one[2] for one in together]))
    print(told(f"{chats} chats at once: forwarded", [one[1] for one in together]))
    print(f"{len(together)} turns in {seconds:.2f} s, no error")
    stop = asyncio.Event()
    watching = asyncio.create_task(status(port, 10_000, stop))
    await asyncio.gather(*(chat(port, 100_000 + one) for one in range(chats)))
    stop.set()
    print(told("status meanwhile", await watching))
    return [one[2] for one in together], processor


def _processor(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=4)
    wanted = parser.parse_args()
    python = platform.python_version()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {python}")
    context = multiprocessing.get_context("spawn")
    place: Any = context.Queue()
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as other:
        server = context.Process(target=serve, args=(home, place), daemon=True)
        server.start()
        try:
            port = place.get(timeout=120)
            served, processor = asyncio.run(measure(port, int(server.pid or 0), wanted.chats, wanted.rounds))
        finally:
            server.terminate()
            server.join()
        alone = context.Process(target=direct, args=(other, place, wanted.chats, wanted.rounds), daemon=True)
        alone.start()
        bare, bare_processor = place.get(timeout=600)
        alone.join()
    print(told("the same turns without a server", bare))
    turns = len(bare)
    own = statistics.quantiles(served, n=100)[98] - statistics.quantiles(bare, n=100)[98]
    print(f"the server's own: {own:.2f} ms at the 99th percentile of {wanted.chats} at once (difference of both)")
    each, without = processor / turns * 1000, bare_processor / turns * 1000
    print(f"processor: {each:.2f} ms a turn, {without:.2f} without a server; the server's own {each - without:.2f} ms")


if __name__ == "__main__":
    main()
