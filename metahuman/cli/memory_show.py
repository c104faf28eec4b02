"""`metahuman memory show`: one memory with all that is known about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.memory_home import json_option, remembering

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.home import HomeMemory
    from metahuman.state.memories import Memory


@click.command(short_help="Show a memory, its facts and what replaced it.")
@click.argument("memory_id", metavar="ID")
@json_option
@click.pass_obj
def show(home: Home, memory_id: str, *, as_json: bool) -> None:
    """Show the memory ID, or the one whose id begins so: what it says, its facts, what replaced it, and its file."""
    from metahuman.remembering import named

    with remembering(home) as memory:
        found = memory.keeper.read(named(memory, memory_id))
        path = home.root / "memory" / "episodic" / memory.keeper.place(found.id)
        file = str(path) if path.exists() else None  # in a database, there is none
        others = _others(memory, found)
    if as_json:
        told: dict[str, Any] = {"file": file, "memory": found.as_json()}
        told |= {kind: [one.as_json() for one in them] for kind, them in others.items()}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        from rich.console import Console

        from metahuman.cli.memory_card import card

        Console(highlight=False).print(card(found, others, file or "in the database"))


def _others(memory: HomeMemory, found: Memory) -> dict[str, list[Memory]]:
    """Return the memories that this one replaced, and the one that replaced it, of those that are there."""
    about, index = found.metadata, memory.keeper.index
    by = [about.superseded_by] if about.superseded_by else []
    named = {"supersedes": about.supersedes, "supersededBy": by}
    return {
        kind: memory.keeper.shown([one.document for one in index.find(ids).values()]) for kind, ids in named.items()
    }
