"""What the `metahuman dataset` commands share: the memories that rows were made from, and datasets by name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from metahuman.cli.memory_home import remembering

if TYPE_CHECKING:
    from pathlib import Path

    from metahuman.home import Home
    from metahuman.memory.dataset.lineage import Look


@contextlib.contextmanager
def looking(home: Home) -> Iterator[Look]:
    """Hand out what returns a memory as it is now, for rows that were made from it."""
    from metahuman.memory.dataset.looking import look_in

    with remembering(home) as memory:
        yield look_in(memory.keeper)


def folder_of(home: Home, name: str) -> Path:
    """Return the folder of a dataset.

    Raises:
        BadChoice: If nothing can be called so.
    """
    from metahuman.memory.dataset.assembling import named
    from metahuman.memory.dataset.places import datasets_folder

    return datasets_folder(home.root) / named(name)
