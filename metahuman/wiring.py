"""Where the concrete classes meet: everything that a home's graphs need, opened once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from metahuman.audit.ledger import Ledger
from metahuman.audit.log import AuditLog
from metahuman.audit.recorder import Recorder
from metahuman.clock import SystemClock
from metahuman.deciding import home_classifier
from metahuman.home import Home
from metahuman.meaning import minded
from metahuman.memory.home import HomeMemory
from metahuman.memory.persona.cache import AuditedPersonaCache
from metahuman.memory.persona.short_term import AuditedShortTerm
from metahuman.models.live import LiveRegistry
from metahuman.models.providers import Provider, open_provider
from metahuman.models.residency import Residency
from metahuman.models.router import RoleRouter
from metahuman.opening import live_registry, open_memory
from metahuman.state.services import Clock, Services
from metahuman.tooling import open_tools
from metahuman.tools.gate import Gate
from metahuman.tools.mcp.opening import McpTools
from metahuman.tracing import begin


@dataclass(frozen=True)
class HomeServices(Services):
    """The services of a home: its models with the registry behind them, and what its owner may change of its mind."""

    models: RoleRouter
    memory: HomeMemory
    tools: Gate
    mcp: McpTools
    registry: LiveRegistry
    short_term: AuditedShortTerm
    persona_cache: AuditedPersonaCache

    async def aclose(self) -> None:
        """Close everything that is open; what is used later opens again."""
        await self.models.aclose()
        await self.mcp.aclose()
        for part in (self.tools, self.memory):
            await asyncio.to_thread(part.close)
        await asyncio.to_thread(self.audit.close)


def open_services(
    home: Home, providers: Callable[[str], Provider] = open_provider, clock: Clock | None = None
) -> HomeServices:
    """Return the services of a home.

    Args:
        home: The home; its registry is read now.
        providers: Finds a model provider by name.
        clock: The time; by default the machine's.

    Raises:
        SettingError: If the registry cannot be used.
        StoreError: If it cannot be read.
    """
    begin()
    clock = clock or SystemClock()
    audit = open_audit(home, clock)
    registry = live_registry(home, audit)
    residency = Residency(audit, clock, lambda: registry().file.global_settings.memory_reserve)
    models = RoleRouter(registry, audit, clock, providers, usage=audit.ledger, residency=residency)
    classifier = home_classifier(home)
    memory = open_memory(home, minded(home, models))
    short_term = AuditedShortTerm(memory.short_term_file, audit, clock)
    persona_cache = AuditedPersonaCache(memory.persona.cache, audit, clock)
    mcp = McpTools(lambda: home.setting("mcp.json"))
    return HomeServices(
        models=models,
        memory=memory,
        tools=open_tools(home, memory, models, audit, clock, mcp),
        audit=audit,
        clock=clock,
        classifier=classifier,
        mcp=mcp,
        registry=registry,
        short_term=short_term,
        persona_cache=persona_cache,
    )


@cache
def shared_services(home: Home) -> HomeServices:
    """Return the services of a home that functions of this package share, for as long as the program runs."""
    home.create()
    return open_services(home)


def open_audit(home: Home, clock: Clock) -> Recorder:
    """Return where a home's events are written, and its model calls counted."""
    return Recorder(AuditLog(home.audit, clock), Ledger(home.ledger))
