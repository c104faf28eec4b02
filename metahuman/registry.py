"""The registry that is in force in a home."""

from __future__ import annotations

from metahuman.home import Home
from metahuman.models.registry import Registry


def open_registry(home: Home) -> Registry:
    """Read and check the registry of a home: the owner's, or the shipped one.

    Raises:
        SettingError: If it cannot be used.
        StoreError: If it cannot be read.
    """
    return Registry.load(home.registry, home.root)
