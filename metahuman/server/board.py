"""The status of the home, kept ready: what is dear is looked at in the background, and a request only fetches it."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from metahuman.agents.jobs import JOBS
from metahuman.agents.telling import collect as collect_agents
from metahuman.audit.ledger import CALL, Ledger
from metahuman.audit.reader import Entry, Reader
from metahuman.models.live import LiveRegistry
from metahuman.models.registry import Registry
from metahuman.server.feed import Feed
from metahuman.server.health import Health
from metahuman.server.streaming import dumps
from metahuman.server.twin import Opened, ServedTwin
from metahuman.state.errors import MetaHumanError
from metahuman.state.moments import iso

#: Seconds between two looks at whether the registry has changed: an edit shows within a second.
TICK = 0.25
#: Seconds between two looks at what the home's files say, while much is written.
SOON = 1.0
#: Seconds after which everything is looked at again, whatever nobody told of.
EVERY = 10.0
#: Seconds between two looks at the models, while somebody watches and otherwise; and for how long a look is watching.
WATCHED, UNWATCHED, WATCHING = 15.0, 300.0, 60.0
#: Of how many of the latest model calls each role's last is found at the start.
LATEST_CALLS = 200


@dataclass
class Board:
    """The status of a served twin.

    Args:
        twin: The twin.
        feed: Told the status whenever it has changed.
        runs_agents: Whether this server runs the agents.
    """

    twin: ServedTwin
    feed: Feed
    runs_agents: bool
    status: dict[str, Any] = field(default_factory=dict)
    body: bytes = b"{}"

    def __post_init__(self) -> None:
        self._health = Health(self.twin.providers)
        self._dirty, self._looking = True, False
        self._seen: tuple[Registry | None, str] = None, ""
        self._gathered, self._looked, self._asked = float("-inf"), float("-inf"), 0.0
        self._facts: dict[str, Any] = {}
        self._checks = set[asyncio.Task[None]]()

    def fetch(self) -> bytes:
        """Return the status as JSON, for somebody who is watching."""
        self._asked = time.monotonic()
        return self.body

    def note(self, entry: Entry) -> None:
        """Learn from an event of the audit log: something has changed."""
        self._health.note(entry)
        self._dirty = True
        if entry.get("event") in ("model_set_aside", "model_back", "registry_loaded", "mode_changed"):
            self._looked = float("-inf")
        self.feed.tell("audit", entry)

    async def start(self) -> None:
        """Gather everything for the first time."""
        await asyncio.to_thread(self._recall_calls)
        await self.tick()

    async def run(self) -> None:
        """Keep the status up to date, without end."""
        try:
            while True:
                await asyncio.sleep(TICK)
                await self.tick()
        finally:
            for task in self._checks:
                task.cancel()

    async def tick(self) -> None:
        """Look whether anything has changed, and tell of it."""
        now = time.monotonic()
        opened, problem = await asyncio.to_thread(self._open)
        registry = opened.services.registry if opened else None
        seen = registry() if registry else None, _problem_of(registry, problem)
        if seen != self._seen:
            self._looked = float("-inf")
        if seen != self._seen or now - self._gathered > (SOON if self._dirty else EVERY):
            self._dirty, self._gathered, self._seen = False, now, seen
            self._facts = await self._gather(opened)
            self._tell()
        self._look_at_models(opened)

    def _open(self) -> tuple[Opened | None, str]:
        try:
            return self.twin.open(), ""
        except MetaHumanError as error:
            return None, str(error)

    async def _gather(self, opened: Opened | None) -> dict[str, Any]:
        """Return what the home's files say; what cannot be read is null, and why."""
        if opened is None:
            return {"mode": None, "memories": None, "threads": None, "today": None, "agents": None, "problem": None}
        try:
            threads = await opened.turns.names() if await asyncio.to_thread(_has_threads, opened) else []
            return {**await asyncio.to_thread(self._read, opened), "threads": len(threads), "problem": None}
        except MetaHumanError as error:
            return {**self._facts, "problem": str(error)}

    def _read(self, opened: Opened) -> dict[str, Any]:
        memory, registry = opened.services.memory, opened.services.registry()
        currency = registry.file.global_settings.currency
        return {
            "mode": memory.persona.mode(),
            "memories": memory.keeper.count(),
            "today": {**_today(opened.home.ledger), "currency": currency},
            "agents": self._agents(opened),
        }

    def _agents(self, opened: Opened) -> dict[str, Any]:
        table = collect_agents(opened.home, JOBS, datetime.now(UTC))
        soon = [one.as_json() for one in table.upcoming()]
        told = [{key: one[key] for key in ("name", "next", "why")} for one in soon]
        return {"here": self.runs_agents, "paused": table.paused, "upcoming": [] if table.paused else told}

    def _look_at_models(self, opened: Opened | None) -> None:
        """Look at the models, if it is time, without waiting for what comes of it."""
        watched = self.feed.watched or time.monotonic() - self._asked < WATCHING
        due = time.monotonic() - self._looked > (WATCHED if watched else UNWATCHED)
        if opened is None or not due or self._looking:
            return
        self._looking, self._looked = True, time.monotonic()
        task = asyncio.create_task(self._check(opened))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def _check(self, opened: Opened) -> None:
        try:
            registry = opened.services.registry()
            with suppress(MetaHumanError):  # what is wrong stands in the status
                await self._health.look(registry, self._facts.get("mode") or "dual", datetime.now(UTC))
        finally:
            self._looking = False
        self._tell()

    def _tell(self) -> None:
        """Write the status down, and hand it to those who watch if anything in it has changed."""
        status = self._status()
        if status != self.status:
            self.status = status
            self.feed.tell("status", status)
        self.body = dumps(self.status).encode()

    def _status(self) -> dict[str, Any]:
        registry, problem = self._seen
        home, mode = self.twin.home, self._facts.get("mode")
        roles = self._health.roles(registry, mode or "dual", datetime.now(UTC)) if registry else {}
        return {
            "home": str(home.root),
            "version": version("metahuman"),
            "registry": str(registry.path if registry else home.registry),
            "registryVersion": registry.version if registry else None,
            "registryProblem": problem or None,
            "modelRoles": roles,
            "model": _legacy(roles.get("persona", {})),
            **self._facts,
            "checkedAt": self._health.checked_at,
        }

    def _recall_calls(self) -> None:
        with suppress(MetaHumanError):  # the log can be read again later
            for entry in Reader(self.twin.home.audit, event=CALL).tail(LATEST_CALLS):
                self._health.note(entry)


def _problem_of(registry: LiveRegistry | None, problem: str) -> str:
    return str(registry.problem or "") if registry else problem


def _legacy(persona: dict[str, Any]) -> dict[str, Any]:
    """Return what MetaHuman OS called the model, when there was one; deprecated: `modelRoles` tells more."""
    adapters = persona.get("adapters") or [None]
    return {"current": persona.get("model"), "adapter": adapters[0], "deprecated": True}


def _has_threads(opened: Opened) -> bool:
    """Tell whether there may be threads: asking makes their file."""
    from metahuman.database import database_of

    return opened.home.checkpoints.exists() or database_of(opened.home) is not None


def _today(path: Path) -> dict[str, Any]:
    """Return what was used today, the day being that of UTC."""
    day = iso(datetime.now(UTC))[:10]
    with closing(Ledger(path)) as ledger:
        rows = [row.totals for row in ledger.rows(day, day, ("day",))]
    calls, cost = sum(one.calls for one in rows), sum(one.cost for one in rows)
    tokens = {"prompt": sum(one.prompt for one in rows), "completion": sum(one.completion for one in rows)}
    return {"calls": calls, "tokens": tokens, "cost": round(cost, 9)}
