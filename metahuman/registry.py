"""The registry that is in force in a home."""

from __future__ import annotations

from metahuman.home import Home
from metahuman.models.live import LiveRegistry
from metahuman.models.registry import Registry
from metahuman.state.services import Audit


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
        audit: Where a changed registry is written down.
    """
    return LiveRegistry(lambda: home.registry, home.root, audit)
