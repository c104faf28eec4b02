"""Pods whose renter is killed at any moment, again and again, and whether each is given back at the next start.

Run by itself, in a process that forks before it has any threads: `python -m tests.pod_kills HOME ADDRESS TIMES`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from metahuman.training.remote.pods import Ledger, orphans, rented
from metahuman.training.remote.runpod import RunPod
from metahuman.training.remote.settings import RunPodSettings

#: Seconds after which a pod that was created appears in the list: longer than the server here takes.
SETTLE = 0.3


async def work(home: Path, address: str) -> None:
    """Rent pods and give them back, for ever."""
    settings = RunPodSettings(gpus=["NVIDIA L4"], settle_seconds=SETTLE)
    while True:
        async with (
            RunPod("key", address) as api,
            rented(api, Ledger(home / "pods.json"), "run", settings),
        ):
            await asyncio.sleep(0.02)


async def left(home: Path, address: str) -> list[str]:
    """Start again, and return which pods there are then, and which are written down."""
    async with RunPod("key", address) as api:
        ledger = Ledger(home / "pods.json")
        await orphans(api, ledger, SETTLE)
        there = [pod.name for pod in await api.pods() if pod.status != "TERMINATED"]
        return [*there, *(entry.name for entry in ledger.entries())]


def main(home: Path, address: str, times: int) -> None:
    """Kill renters, start again after each, and print what was left then."""
    found = list[str]()
    for _ in range(times):
        child = os.fork()
        if not child:
            asyncio.run(work(home, address))
        time.sleep(random.uniform(0.02, 0.6))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found += asyncio.run(left(home, address))
    print(json.dumps({"kills": times, "left": found}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
