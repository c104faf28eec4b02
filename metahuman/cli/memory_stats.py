"""`metahuman memory` alone: how many memories there are, of which kind and time."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.memory_home import NONE_YET, json_option, remembering

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.home import HomeMemory
    from metahuman.memory.index import Document


@dataclass
class Group:
    """Memories of a type: how many, and when the first and the last were made, in seconds since the epoch."""

    memories: int = 0
    first: float = float("inf")
    last: float = float("-inf")

    def add(self, at: float) -> None:
        """Count one more."""
        self.memories, self.first, self.last = self.memories + 1, min(self.first, at), max(self.last, at)


@dataclass
class Stats:
    """What there is.

    Args:
        files: How many memory files.
        types: The memories that may be recalled or were replaced, by type.
        years: How many of each year.
        unrecalled: How many are kept with a flag, never recalled.
        replaced: How many no longer hold.
    """

    files: int = 0
    types: dict[str, Group] = field(default_factory=dict)
    years: Counter[str] = field(default_factory=Counter)
    unrecalled: int = 0
    replaced: int = 0

    @property
    def indexed(self) -> int:
        """How many can be found."""
        return self.unrecalled + sum(group.memories for group in self.types.values())

    def add(self, document: Document, noise: str) -> None:
        """Count one more; `noise` is the type of those that are never recalled."""
        from metahuman.cli.memory_lines import local

        self.years[local(document.at, "%Y") or "?"] += 1
        if document.type == noise:
            self.unrecalled += 1
            return
        self.replaced += not document.current
        self.types.setdefault(document.type, Group()).add(document.at)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        from metahuman.cli.memory_lines import local

        types = {
            name: {"memories": one.memories, "oldest": local(one.first), "newest": local(one.last)}
            for name, one in sorted(self.types.items())
        }
        return {
            "memories": self.files,
            "indexed": self.indexed,
            "types": types,
            "years": dict(sorted(self.years.items())),
            "notRecalled": self.unrecalled,
            "replaced": self.replaced,
        }


@click.command(short_help="Count the memories, by type and year.")
@json_option
@click.pass_obj
def stats(home: Home, *, as_json: bool = False) -> None:
    """Count the memories, by type and year."""
    with remembering(home) as memory:
        found = _count(memory)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    elif not found.files:
        click.echo(NONE_YET)
    else:
        _show(home, found)


def _count(memory: HomeMemory) -> Stats:
    from metahuman.memory.index import Where
    from metahuman.memory.store.documents import NOISE
    from metahuman.remembering import documents

    found = Stats(memory.keeper.count())
    if found.files:
        for document in documents(memory.keeper.index, Where(current=False)):
            found.add(document, NOISE)
    return found


def _show(home: Home, found: Stats) -> None:
    from rich.bar import Bar
    from rich.console import Console
    from rich.table import Table

    from metahuman.cli.memory_lines import grid, local
    from metahuman.cli.text import plain

    console = Console(highlight=False)
    types = grid("type", "memories", "oldest", "newest")
    for name, one in sorted(found.types.items(), key=lambda item: -item[1].memories):
        types.add_row(plain(name), f"{one.memories:,}", local(one.first), local(one.last))
    console.print(types)
    years, most = Table(box=None, show_header=False, padding=(0, 2, 0, 0)), max(found.years.values(), default=0)
    for year, count in sorted(found.years.items(), reverse=True):
        years.add_row(year, f"{count:,}", Bar(most, 0, count, width=30, color="cyan"))
    console.print(years)
    console.print()
    for line in _told(home, found):
        console.print(plain(line), markup=False, soft_wrap=True)


def _told(home: Home, found: Stats) -> list[str]:
    left = found.files - found.indexed
    told = [f"{found.files:,} memories in {home.root / 'memory' / 'episodic'}"]
    if found.unrecalled:
        share = found.unrecalled / found.indexed
        told.append(f"{found.unrecalled:,} ({share:.1%}) are kept, but never recalled: greetings, pastes, …")
    if found.replaced:
        told.append(f"{found.replaced:,} say what no longer holds")
    if left > 0:
        told.append(f"{left:,} cannot be found: `metahuman memory verify` names them")
    return told
