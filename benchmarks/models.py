"""What the model layer costs and what it withstands.

    python benchmarks/models.py [--calls 1024] [--litellm PYTHON]

- The role router's own time over a direct ChatOpenAI call to the same local server, audit and usage ledger included;
  with the Python of an environment that has LiteLLM (MIT licence; its openai client and ours cannot be installed
  together), LiteLLM's Router over the client below it, in the same run.
- A dead server: what the first call takes, and what the next hundred take beside the fallback's own time.
- A storm: a thousand calls over two servers that fail at random in 30 % of the requests, in every way they know.
- A killed writer: what the audit log and the ledger have lost.
- Spoilt registries: loaded, or refused with the key at fault.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from benchmarks.model_server import served
from benchmarks.overhead import own_times, percentile
from metahuman.audit.reader import Reader
from metahuman.clock import SystemClock
from metahuman.home import Home
from metahuman.models.registry import Registry
from metahuman.models.router import RoleRouter
from metahuman.state.events import llm_call
from metahuman.wiring import open_audit
from tests.calls import a_call
from tests.storm import servers, weather

ROOT = Path(__file__).parents[1]
HELLO = [HumanMessage("Good morning!")]
#: Calls at once, and the seconds that the server takes: a small answer, and what a model on a desk needs.
LOADS = [(1, 0.0, 0.0), (64, 0.5, 1.5)]
KILLS = 20


def registry(**providers: dict[str, Any]) -> Registry:
    """Return a registry whose persona is asked at each of these OpenAI-compatible servers in turn."""
    content = {
        "defaults": dict.fromkeys(("orchestrator", "persona"), next(iter(providers))),
        "models": {name: {"provider": name, "model": "m"} for name in providers},
        "roleHierarchy": {"persona": list(providers)},
        "providers": {name: {"type": "openai", **settings} for name, settings in providers.items()},
    }
    return Registry.parse(content, Path("models.json"), Path())


@contextmanager
def routed(known: Registry) -> Iterator[RoleRouter]:
    """Open the role router as a home does: with its audit log and its ledger."""
    with tempfile.TemporaryDirectory() as folder:
        clock = SystemClock()
        audit = open_audit(Home(Path(folder)), clock)
        yield RoleRouter(lambda: known, audit, clock, usage=audit.ledger)
        audit.close()


async def overhead(calls: int, litellm: str | None) -> None:
    """Print the router's own time beside a direct call's."""
    print("\n| milliseconds beside the server's own | at once | p50 | p99 | over direct: p50 | p99 |")
    print("|---|---:|---:|---:|---:|---:|")
    for at_once, least, most in LOADS:
        with served(least, most) as url, routed(registry(server={"baseUrl": url})) as router:
            ways = {
                "direct ChatOpenAI": partial(ask, direct(url)),
                "role router": partial(ask, router.chat_model("persona")),
            }
            apart = most / at_once
            table(await own_times(ways, calls, at_once, apart), at_once)
            await router.aclose()
            if litellm:
                command = [litellm, str(ROOT / "benchmarks" / "overhead.py"), url, str(calls), str(at_once), str(apart)]
                quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": os.environ["PATH"]}
                done = await asyncio.to_thread(subprocess.check_output, command, text=True, env=quiet)
                table(json.loads(done.splitlines()[-1]), at_once)
    if not litellm:
        print("\nLiteLLM not measured: name the Python of an environment that has it with --litellm")


async def ask(model: BaseChatModel) -> float:
    """Ask once; return the seconds that the server says it took."""
    return float((await model.ainvoke(HELLO)).text)


def table(took: dict[str, list[float]], at_once: int) -> None:
    """Print one line for each way; the first is what the others are compared with."""
    base = next(iter(took.values()))
    for name, values in took.items():
        cells = [percentile(values, share) for share in (0.5, 0.99)]
        over = [percentile(values, share) - percentile(base, share) for share in (0.5, 0.99)]
        told = "| | |" if values is base else f"| {over[0]:+.2f} | {over[1]:+.2f} |"
        print(f"| {name} | {at_once} | {cells[0]:.2f} | {cells[1]:.2f} {told}")


async def dead_server() -> None:
    """Print what a server costs that refuses connections, and one that accepts them and says nothing."""
    print("\n| dead server | first call, ms | next 100 over direct calls to the fallback: p50 | p99 |")
    print("|---|---:|---:|---:|")
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as closed:
        refusing = closed.getsockname()[1]
        closed.close()
        for name, port in (("refuses", refusing), ("silent, timeout 1 s", silent.getsockname()[1])):
            dead = {"baseUrl": f"http://127.0.0.1:{port}/v1", "timeout": 1000, "connectTimeout": 1000}
            with served(0.02, 0.02) as url, routed(registry(dead=dead, fallback={"baseUrl": url})) as router:
                took = [await beside(router.chat_model("persona")) for _ in range(101)]
                own = [await beside(direct(url)) for _ in range(100)]
                await router.aclose()
            over = [percentile(took[1:], share) - percentile(own, share) for share in (0.5, 0.99)]
            print(f"| {name} | {took[0]:.0f} | {over[0]:+.1f} | {over[1]:+.1f} |")


async def beside(model: BaseChatModel) -> float:
    """Ask once; return the milliseconds beside the server's own."""
    started = time.perf_counter()
    seconds = await ask(model)
    return (time.perf_counter() - started - seconds) * 1000


@cache
def direct(url: str) -> ChatOpenAI:
    """Return the client that the router has below it."""
    return ChatOpenAI(model="m", base_url=url, api_key=SecretStr("none"), max_retries=0)


async def storm(calls: int) -> None:
    """Print how calls end while 30 % of the requests fail."""
    with tempfile.TemporaryDirectory() as folder, servers(share=0.3, seed=11) as known:
        home, clock = Home(Path(folder)), SystemClock()
        audit = open_audit(home, clock)
        result = await weather(known, audit, clock, calls, at_once=32)
        audit.close()
        events = sum(1 for _ in Reader(home.audit, event="llm_call").read())
    errors = ", ".join(f"{number} {name}" for name, number in sorted(result.errors.items())) or "none"
    print(f"\nstorm of {calls} calls: {result.answered} answered; errors of the right type: {errors};")
    print(f"other errors: {len(result.untyped)}; audit events: {events};", end=" ")
    print(f"tasks left: {result.tasks_left}; sockets left: {result.sockets_left}")


def write_forever(home: Home) -> None:
    """Record model calls, telling of each when it is said to be written, until killed."""
    audit = open_audit(home, SystemClock())
    while True:
        audit.record(llm_call(a_call()))  # type: ignore[arg-type]
        os.write(1, b".")


def killed_writer() -> None:
    """Print what is lost when the process that writes is killed at a random point."""
    lost_events, lost_rows, unreadable = 0, 0, 0
    for kill in range(KILLS):
        with tempfile.TemporaryDirectory() as folder:
            home = Home(Path(folder))
            with subprocess.Popen([sys.executable, __file__, "--write", folder], stdout=subprocess.PIPE) as writer:
                writer.stdout.read(1)  # type: ignore[union-attr]
                time.sleep(random.Random(kill).uniform(0, 0.2))
                writer.send_signal(signal.SIGKILL)
                told = 1 + len(writer.stdout.read())  # type: ignore[union-attr]
            reader = Reader(home.audit, event="llm_call")
            events, audit = sum(1 for _ in reader.read()), open_audit(home, SystemClock())
            counted = sum(row.totals.calls for row in audit.ledger.rows("2000-01-01", "2100-01-01", ["role"]))
            audit.close()
            lost_events, lost_rows = lost_events + max(told - events, 0), max(lost_rows, events - counted)
            unreadable = max(unreadable, reader.broken)
    print(f"\n{KILLS} writers killed: {lost_events} acknowledged events lost; at most {unreadable} half line each;")
    print(f"the ledger at most {lost_rows} call behind the log")


def spoilt_registries(count: int) -> None:
    """Print whether every spoilt registry was loaded, or refused with a line that names what is wrong."""
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "tests/models/test_registry_fuzz.py"]
    environment = {**os.environ, "METAHUMAN_FUZZ": str(count)}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    print(f"\n{count} spoilt registries: {'no traceback, no hang' if done.returncode == 0 else done.stdout}")


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--calls", type=int, default=1024)
    arguments.add_argument("--litellm", metavar="PYTHON", help="a Python that has LiteLLM")
    arguments.add_argument("--write", metavar="DIR", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.write:
        write_forever(Home(Path(chosen.write)))
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    asyncio.run(overhead(chosen.calls, chosen.litellm))
    asyncio.run(dead_server())
    asyncio.run(storm(1000))
    killed_writer()
    spoilt_registries(1000)


if __name__ == "__main__":
    main()
