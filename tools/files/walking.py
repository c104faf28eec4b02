"""Folders looked through: in a stable order, without following links, and for no more than a budget."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from metahuman.tools.files.opening import FOLDER
from metahuman.tools.files.stopping import stopped

#: Folders below each other that are looked into; each costs an open file.
DEEPEST = 40
#: Entries after which the clock is looked at.
_OFTEN = 200


@dataclass
class Budget:
    """What looking around may cost.

    Args:
        entries: Files and folders that are looked at.
        size: Bytes that are read.
        seconds: How long it may take.
        over: What ran out, in words; nothing while there is enough.
        closed: Folders that could not be read, or lie too deep.
    """

    entries: int = 100_000
    size: int = 200_000_000
    seconds: float = 10.0
    over: str = ""
    closed: int = 0
    _seen: int = 0
    _read: int = 0
    _asked: int = 0
    _late: bool = False
    _began: float = field(default_factory=time.monotonic)

    def look(self) -> bool:
        """Count an entry; tell whether there is enough left to look at it."""
        self._seen += 1
        if self._seen > self.entries:
            self.over = self.over or f"{self.entries:,} files and folders"
        elif self._seen % _OFTEN == 0:
            self._look_at_clock()
        return not self.over

    def read(self, size: int) -> bool:
        """Count bytes; tell whether there is enough left to read them."""
        self._read += size
        if self._read > self.size:
            self.over = self.over or f"{self.size:,} bytes"
        self._look_at_clock()
        return not self.over

    def late(self) -> bool:
        """Tell, now and then, whether the time is over; what was listed already is then not looked at either."""
        self._asked += 1
        if self._asked % _OFTEN == 0:
            self._look_at_clock()
        return self._late

    def _look_at_clock(self) -> None:
        if stopped() or time.monotonic() - self._began > self.seconds:
            self._late, self.over = True, f"{self.seconds:g} seconds"


class Found(NamedTuple):
    """A file or folder that was come by.

    Args:
        place: Where it is inside the folder that was begun with, with "/".
        entry: What the system says about it.
        held: A descriptor of the folder that it is in, open until the next one is asked for.
    """

    place: str
    entry: os.DirEntry[str]
    held: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; a link to one is none."""
        return self.entry.is_dir(follow_symlinks=False)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file; a link to one is none."""
        return self.entry.is_file(follow_symlinks=False)


#: Tells by its place whether something is passed over, with all that is in it.
Passed = Callable[[str], bool]


def entries(held: int, budget: Budget) -> list[os.DirEntry[str]]:
    """Return what is in a folder, by name, as far as the budget goes.

    Args:
        held: The folder's descriptor.
        budget: What it may cost.

    Raises:
        OSError: If it cannot be read.
    """
    found = []
    with os.scandir(held) as all_of_them:
        for entry in all_of_them:
            if not budget.look():
                break
            found.append(entry)
    return sorted(found, key=lambda entry: (entry.name.casefold(), entry.name))


def walk(held: int, budget: Budget, passed: Passed, prefix: str = "", depth: int = 1) -> Iterator[Found]:
    """Yield what is in a folder and in those below it: each folder before what is in it, neighbours by name.

    Args:
        held: The folder's descriptor.
        budget: What it may cost.
        passed: What is passed over.
        prefix: Where the folder is, ending in "/".
        depth: How deep it is.

    Raises:
        OSError: If the folder itself cannot be read; those below it are counted in the budget.
    """
    for entry in entries(held, budget):
        if budget.late():
            return
        found = Found(prefix + entry.name, entry, held)
        if passed(found.place):
            continue
        yield found
        if found.is_folder:
            yield from _below(found, budget, passed, depth)


def _below(found: Found, budget: Budget, passed: Passed, depth: int) -> Iterator[Found]:
    if budget.over or depth >= DEEPEST:
        budget.closed += not budget.over
        return
    try:
        held = os.open(found.entry.name, FOLDER, dir_fd=found.held)
    except OSError:
        budget.closed += 1
        return
    try:
        yield from walk(held, budget, passed, f"{found.place}/", depth + 1)
    except PermissionError:
        budget.closed += 1
    finally:
        os.close(held)
