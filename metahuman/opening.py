"""Opens what a home holds, for commands that ask no model: nothing here waits for LangChain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metahuman.clock import SystemClock
from metahuman.database import keeper_of
from metahuman.home import Home
from metahuman.models.live import LiveRegistry
from metahuman.models.registry import Registry
from metahuman.state.services import Audit
from metahuman.state.shipped import SHIPPED

if TYPE_CHECKING:  # recall needs numpy, and commands that open no memories need not wait for it
    from metahuman.memory.home import HomeMemory
    from metahuman.memory.minded import Minded


def open_registry(home: Home) -> Registry:
    """Read and check the registry of a home: the owner's, or the shipped one.

    Raises:
        SettingError: If it cannot be used.
        StoreError: If it cannot be read.
    """
    return Registry.load(home.registry, home.root)


def live_registry(home: Home, audit: Audit | None = None) -> LiveRegistry:
    """Return the registry of a home for a program that goes on: it follows the file. Errors as for `open_registry`.

    Args:
        home: The home.
        audit: Where it is written down that a changed registry is in force, and what was loaded for it: where nobody
            writes, nothing is loaded ahead.
    """
    if audit is None:
        return LiveRegistry(lambda: home.registry, home.root)
    from metahuman.models.swapping import Swapper

    return LiveRegistry(lambda: home.registry, home.root, audit, Swapper(audit).ready)


def open_memory(home: Home, minded: Minded | None = None) -> HomeMemory:
    """Return the memory of a home: its memories are in its files, or in its database.

    Args:
        home: The home.
        minded: What knows the memories' meanings; without it, words alone find them.

    Raises:
        SettingError: If the database's address cannot be used.
    """
    from metahuman.memory.home import HomeMemory
    from metahuman.tools.own.local_time import HERE
    from metahuman.tools.tasks.telling import active

    def tasks() -> list[str]:
        return active(home.root, SystemClock().now().astimezone(HERE))

    return HomeMemory(home.root, SHIPPED / "persona" / "core.json", keeper_of(home), minded, tasks)
