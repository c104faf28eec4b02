"""A home with fake agents, and a clock that is set by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from metahuman.agents.jobs import Job
from metahuman.agents.records import Record, Records
from metahuman.agents.scheduler import Scheduler
from metahuman.home import Home
from tests.fakes import NOON, FakeAudit


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment

    def milliseconds(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Agents:
    """A home with fake agents, and the scheduler that runs them."""

    home: Home
    jobs: dict[str, Job]
    clock: Clock = field(default_factory=Clock)
    audit: FakeAudit = field(default_factory=FakeAudit)
    lines: list[str] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, settings: Any = None, **agents: Any) -> None:
        said = {"globalSettings": settings or {}, "agents": agents}
        (self.home.root / "etc").mkdir(exist_ok=True)
        (self.home.root / "etc" / "agents.json").write_text(json.dumps(said))

    def scheduler(self, *names: str) -> Scheduler:
        return Scheduler(self.home, self.audit, self.clock, names, self.lines.append, jobs=self.jobs, every=0.005)

    @contextlib.asynccontextmanager
    async def running(self, *names: str) -> AsyncIterator[None]:
        """Have the agents run when they are due while the block runs."""
        self.stop.clear()
        task = asyncio.create_task(self.scheduler(*names).run(self.stop))
        try:
            yield
        finally:
            self.stop.set()
            await asyncio.wait_for(task, 10)

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not true():  # noqa: ASYNC110 - it is what the scheduler does that is waited for
                await asyncio.sleep(0.002)

    def record(self, name: str) -> Record:
        return Records(self.home).read().get(name, Record())

    def ended(self) -> list[str]:
        return [str(details["ended"]) for details in self.audit.named("agent_ended")]


@dataclass
class Work:
    """What an agent does here: it answers, or goes wrong, or takes for ever."""

    answers: list[Any] = field(default_factory=lambda: ["well"])
    begun: int = 0
    at_once: int = 0
    most_at_once: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, home: Home) -> str:
        answer = self.answers[min(self.begun, len(self.answers) - 1)]
        self.begun, self.at_once = self.begun + 1, self.at_once + 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            if answer is None:
                await self.go_on.wait()
            if isinstance(answer, Exception):
                raise answer
        finally:
            self.at_once -= 1
        return str(answer)
