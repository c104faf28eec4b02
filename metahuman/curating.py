"""The curator at work in a home: its graph, its memories, and the gates wired together for one run."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import StreamMode

from metahuman.agents.alone import alone
from metahuman.agents.yielding import Yielding
from metahuman.graph.curator import build
from metahuman.home import Home
from metahuman.memory.curation.home import HomeCuration
from metahuman.memory.curation.workers import MANY, gate_workers
from metahuman.nodes.pick import BATCH, LIMIT
from metahuman.state.context import TurnContext
from metahuman.state.curating import CurationInput, Looked
from metahuman.state.events import AuditEvent
from metahuman.state.services import Courtesy, Services
from metahuman.wiring import HomeServices, open_services

#: The kind of run of which a home has one at a time.
NAME = "curate"
#: Told of each memory when it has been looked at, and of how many there are to look at.
Tell = Callable[[Looked, int], None]


@dataclass(frozen=True)
class CurationRun:
    """What came of a run.

    Args:
        fates: How many memories became what; see `metahuman.state.curating.Fate`.
        refusals: How often a memory was refused for a reason.
        replaced: How often what a model invented was replaced by what was said, by key.
        pairs: How many pairs the datasets have now.
    """

    fates: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    pairs: int = 0

    def told(self) -> str:
        """Return it in one line."""
        words = {"curated": "kept that nobody answered", "refused": "refused", "again": "left for later"}
        counts = [_pairs(self.fates["pair"])] if "pair" in self.fates else []
        counts += [f"{self.fates[fate]:,} {told}" for fate, told in words.items() if fate in self.fates]
        return f"{', '.join(counts) or 'nothing to curate'}; {_pairs(self.pairs)} in all"


def _pairs(count: int) -> str:
    return f"{count:,} pair{'' if count == 1 else 's'}"


async def curate(
    home: Home,
    *,
    limit: int = LIMIT,
    without_model: bool = False,
    dry_run: bool = False,
    tell: Tell | None = None,
    services: HomeServices | None = None,
    courtesy: Courtesy | None = None,
) -> CurationRun:
    """Curate the memories of a home that nobody has curated yet, the oldest first.

    Args:
        home: The home.
        limit: How many memories at most; 0 for all.
        without_model: Whether rules alone decide, and no model is asked.
        dry_run: Whether nothing is written.
        tell: Told as it goes on.
        services: The home's services; opened for this run by default.
        courtesy: Lets a person's turn go first; the home's by default.

    Raises:
        AlreadyRunning: If another run is under way in the home.
        StoreError: If memories cannot be read or written.
    """
    async with contextlib.AsyncExitStack() as opened:
        if not dry_run:
            await opened.enter_async_context(alone(home, NAME))
        if services is None:
            services = open_services(home)
            opened.push_async_callback(services.aclose)
        await asyncio.to_thread(services.memory.ready)
        curation = await opened.enter_async_context(_curation(home, services, dry_run=dry_run))
        waiting = await curation.waiting()
        total = min(waiting, limit) if limit else waiting
        if without_model and total >= MANY:
            curation.use(opened.enter_context(gate_workers()))
        graph = build(_unaudited(services) if dry_run else services, curation, courtesy or Yielding(home)).compile()
        given = CurationInput(limit=limit, withoutModel=without_model)
        config = RunnableConfig(recursion_limit=2 * (waiting // BATCH) + 20)
        values: Mapping[str, Any] = {}
        modes: list[StreamMode] = ["custom", "values"]
        async for part in graph.astream(given, config, context=TurnContext(), stream_mode=modes, version="v2"):
            if part["type"] == "values":
                values = part["data"]
            elif part["type"] == "custom" and tell:
                tell(part["data"], total)
    return CurationRun(**{key: values[key] for key in ("fates", "refusals", "replaced", "pairs") if key in values})


async def curator(home: Home) -> str:
    """Do one run of the curator for whoever runs agents; return what came of it in one line."""
    return (await curate(home)).told()


@contextlib.asynccontextmanager
async def _curation(home: Home, services: HomeServices, *, dry_run: bool) -> AsyncIterator[HomeCuration]:
    """Open what a run works on; a dry one keeps its index elsewhere, and leaves no trace."""
    with tempfile.TemporaryDirectory() as elsewhere:
        index = Path(elsewhere) / "curation.sqlite" if dry_run else None
        curation = HomeCuration(home.root, services.memory.keeper, services.clock, index=index, dry=dry_run)
        try:
            yield curation
        finally:
            await curation.aclose()


class _NoAudit:
    """Writes nothing down: what a dry run would do has not been done."""

    def record(self, event: AuditEvent) -> None:
        """Let it pass."""

    async def arecord(self, event: AuditEvent) -> None:
        """Let it pass."""

    def close(self) -> None:
        """Have nothing to close."""


def _unaudited(services: Services) -> Services:
    """Return services that write down only what really happens: calls of models."""
    return Services(services.models, _NoAudit(), services.clock, services.memory, services.tools, services.classifier)
