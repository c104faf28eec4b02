"""Where the concrete classes meet: everything that a home's graphs need, opened once."""

from __future__ import annotations

from collections.abc import Callable

from metahuman.audit.log import AuditLog
from metahuman.clock import SystemClock
from metahuman.home import SHIPPED, Home
from metahuman.memory.home import HomeMemory
from metahuman.models.providers import Provider, open_provider
from metahuman.models.router import RoleRouter
from metahuman.registry import open_registry
from metahuman.state.services import Audit, Clock, Services


def open_services(home: Home, providers: Callable[[str], Provider] = open_provider) -> Services:
    """Return the services of a home.

    Args:
        home: The home; its registry is read now.
        providers: Finds a model provider by name.

    Raises:
        SettingError: If the registry cannot be used.
        StoreError: If it cannot be read.
    """
    clock = SystemClock()
    audit = AuditLog(home.audit, clock)
    models = open_router(home, audit, clock, providers)
    return Services(models=models, memory=open_memory(home), audit=audit, clock=clock)


def open_router(
    home: Home, audit: Audit, clock: Clock, providers: Callable[[str], Provider] = open_provider
) -> RoleRouter:
    """Return the role router over the home's registry, which is read now; errors as for `open_services`."""
    registry = open_registry(home)
    return RoleRouter(lambda: registry, audit, clock, providers)


def open_memory(home: Home) -> HomeMemory:
    """Return the memory of a home."""
    return HomeMemory(home.root, SHIPPED / "persona" / "core.json")
