"""A storm: many calls of a role over two servers that fail at random, in every way they know."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from metahuman.models.registry import Registry
from metahuman.models.router import RoleRouter
from metahuman.state.errors import ModelError
from metahuman.state.services import Audit, Clock
from tests.servers.answer import Answer
from tests.servers.http import eventually
from tests.servers.ollama import OllamaServer
from tests.servers.openai import OpenAIServer, Refused

FITS = '{"word": "glad"}'
TOO_LONG = {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}
#: Every way in which a server fails; `None` of `text` is an answer in order.
FAULTS = [
    Answer(status=500, error="out of memory"),
    Answer(status=503, error="loading model"),
    Answer(status=429, error="slow down", headers={"Retry-After": "0"}),
    Answer(status=400, error=TOO_LONG),
    Answer(status=400, error="no such parameter"),
    Answer(status=401, error="wrong key"),
    Answer(status=404, error="model 'm' not found"),
    Answer(status=307, headers={"Location": "http://127.0.0.1:9/"}),
    Answer(text=FITS, cut_after=1),
    Answer(text=FITS, malformed_at=0),
    Answer(text=FITS, first_token_delay=3),
    Answer(text=""),
    Answer(text="no JSON at all"),
    Answer(text="<think>forever"),
    Answer(text=FITS, finish="length"),
    Refused(text="I must not"),
]


class Mood(BaseModel):
    """What is asked for."""

    word: str


@dataclass
class Result:
    """How the calls of a storm ended."""

    answered: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    untyped: list[str] = field(default_factory=list)
    tasks_left: int = 0
    sockets_left: int = 0


@contextmanager
def servers(share: float, seed: int) -> Iterator[Registry]:
    """Run two servers that fail in such a share of the requests; yield a registry that asks one, then the other."""
    drawn, kinds = random.Random(seed), random.Random(seed + 1)

    def answer(body: dict[str, Any]) -> Answer:
        fails = drawn.random() < share
        return kinds.choice(FAULTS) if fails else Answer(text=FITS if "format" in str(body)[:4000] else "Good morning.")

    with OllamaServer(["m"], answer) as ollama, OpenAIServer(["m"], answer) as openai:
        # Nobody is set aside for long: every call is to meet the weather.
        settings = {"timeout": 1500, "cooldown": 1, "retries": 1}
        yield Registry.parse(
            {
                "defaults": {"orchestrator": "first", "persona": "first"},
                "models": {
                    "first": {"provider": "openai", "model": "m"},
                    "second": {"provider": "ollama", "model": "m"},
                },
                "roleHierarchy": {"persona": ["first", "second"]},
                "rolePolicies": {"persona": {"deadline": 20_000}},
                "providers": {
                    "openai": {"baseUrl": openai.base_url, **settings},
                    "ollama": {"baseUrl": ollama.url, **settings},
                },
            },
            Path("models.json"),
            Path(),
        )


async def weather(registry: Registry, audit: Audit, clock: Clock, calls: int, at_once: int) -> Result:
    """Make so many calls, a third each whole, streamed and structured, and count how they end and what they leave."""
    router, result, before = RoleRouter(lambda: registry, audit, clock), Result(), _sockets()
    model = router.chat_model("persona")
    structured, limit = model.with_structured_output(Mood), asyncio.Semaphore(at_once)

    async def stream() -> None:
        async for _ in model.astream([HumanMessage("good morning")]):
            pass

    ways: list[Callable[[], Any]] = [
        lambda: model.ainvoke("good morning"),
        stream,
        lambda: structured.ainvoke("your mood?"),
    ]

    async def one(number: int) -> None:
        async with limit:
            await ways[number % len(ways)]()

    for ended in await asyncio.gather(*(one(number) for number in range(calls)), return_exceptions=True):
        if ended is None:
            result.answered += 1
        elif isinstance(ended, ModelError):
            result.errors[type(ended).__name__] += 1
        else:
            result.untyped.append(repr(ended))
    await router.aclose()
    await eventually(lambda: _sockets() <= before, seconds=5)
    result.tasks_left, result.sockets_left = len(asyncio.all_tasks()) - 1, max(_sockets() - before, 0)
    return result


def _sockets() -> int:
    """Return how many connections this process has open to others' ports."""
    return sum(one.status == psutil.CONN_ESTABLISHED for one in psutil.Process().net_connections())
