"""How long calls take beside the server's own time, one after the other and many at once.

Run by `models.py`; by itself, under a Python that has LiteLLM, it measures LiteLLM's Router beside the client below it:

    python benchmarks/overhead.py URL CALLS AT_ONCE APART
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

#: Asks once, and returns the seconds that the server says it took.
Ask = Callable[[], Awaitable[float]]
ROUNDS = 4


async def own_times(ways: Mapping[str, Ask], calls: int, at_once: int, apart: float = 0.0) -> dict[str, list[float]]:
    """Return each way's milliseconds beside the server's own, of so many calls.

    The ways take turns, so that whatever else the machine does falls on all of them.

    Args:
        ways: How to ask, by name.
        calls: How often to ask each way.
        at_once: How many calls are under way at a time.
        apart: Seconds between the starts of those: callers do not come in step, and a queue of them is no overhead.
    """
    took: dict[str, list[float]] = {name: [] for name in ways}

    async def asker(name: str, count: int, late: float = 0.0) -> None:
        await asyncio.sleep(late)
        for _ in range(count):
            started = time.perf_counter()
            seconds = await ways[name]()
            took[name].append((time.perf_counter() - started - seconds) * 1000)

    for name in ways:
        await asyncio.gather(*(asker(name, 2) for _ in range(at_once)))  # open the connections
    took = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name in ways:
            await asyncio.gather(*(asker(name, calls // at_once // ROUNDS, n * apart) for n in range(at_once)))
    return took


def percentile(values: list[float], share: float) -> float:
    """Return the value below which such a share of `values` lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def _litellm(url: str, calls: int, at_once: int, apart: float) -> dict[str, list[float]]:
    import litellm
    from openai import AsyncOpenAI

    messages: list[Any] = [{"role": "user", "content": "Good morning!"}]
    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)
    entry = {"model": "openai/m", "api_base": url, "api_key": "none"}
    router = litellm.Router([{"model_name": "m", "litellm_params": entry}], num_retries=0)

    async def direct() -> float:
        answer = await client.chat.completions.create(model="m", messages=messages)
        return float(answer.choices[0].message.content or 0)

    async def routed() -> float:
        answer = await router.acompletion(model="m", messages=messages)
        return float(answer.choices[0].message.content)

    ways = {"openai client": direct, "LiteLLM Router on it": routed}
    return await own_times(ways, calls, at_once, apart)


if __name__ == "__main__":
    url, calls, at_once, apart = sys.argv[1:]
    print(json.dumps(asyncio.run(_litellm(url, int(calls), int(at_once), float(apart)))))
