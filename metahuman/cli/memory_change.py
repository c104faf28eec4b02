"""`metahuman memory add` and `edit`: what the owner notes, and what they put right."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from metahuman.cli.memory_home import remembering, write_down
from metahuman.cli.options import moment

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.home import HomeMemory


@click.command(short_help="Note something for the twin to remember.")
@click.argument("words", metavar="TEXT", nargs=-1, required=True)
@click.option("--type", "kind", metavar="TYPE", default="observation", show_default=True, help="What kind it is.")
@click.option("--at", callback=moment, metavar="WHEN", help="When: 2h, 3d ago, or a date or time.  [default: now]")
@click.pass_obj
def add(home: Home, words: tuple[str, ...], *, kind: str, at: datetime | None) -> None:
    """Note TEXT for the twin to remember; `-` reads it from standard input.

    It goes the way of everything that is remembered: what it contradicts no longer holds, and what was noted before is
    counted there.
    """
    from metahuman.cli.text import standard_input
    from metahuman.state.errors import EmptyTurn
    from metahuman.state.events import memory_saved
    from metahuman.state.files import whole
    from metahuman.state.memories import Memory, memory_id
    from metahuman.state.moments import iso

    text = standard_input() if words == ("-",) else " ".join(words)
    if not text.strip():
        raise EmptyTurn("there is nothing to remember: the text is empty")
    when = iso(at or datetime.now(UTC))
    noted = Memory(id=memory_id(when, str(uuid.uuid4())), timestamp=when, type=kind, content=whole(text).strip())
    home.create()
    with remembering(home) as memory:
        kept = memory.keep(noted)
    write_down(home, memory_saved(kept, None, "human"))
    click.echo(f"kept as {kept.id}" if kept.place else "nothing new was written")
    if kept.why:
        click.echo(kept.why)


@click.command(short_help="Edit a memory in your editor, or set one value of it.")
@click.argument("memory_id", metavar="ID")
@click.option("--set", "values", multiple=True, metavar="KEY=VALUE", help="Set this value; may be repeated.")
@click.pass_obj
def edit(home: Home, memory_id: str, values: tuple[str, ...]) -> None:
    """Edit a copy of the memory ID in your editor ($VISUAL, else $EDITOR), or set values under dotted keys.

    The copy takes the memory's place once nothing in it is an error; until then it is kept in state/drafts. A VALUE is
    a text, a list with commas where the key wants a list, or JSON; `null` takes the key out:
    `--set metadata.trainingConsent=false`.
    """
    from metahuman.cli.text import plain
    from metahuman.remembering import named
    from metahuman.state.events import memory_edited

    with remembering(home) as memory:
        name = named(memory, memory_id)
        changed = _set(memory, name, values) if values else _edited(home, memory, name)
    if changed:
        write_down(home, memory_edited(name, changed))
    click.echo(plain(f"{name}: changed: {', '.join(changed)}" if changed else f"{name}: nothing was changed"))


def _set(memory: HomeMemory, name: str, values: Sequence[str]) -> list[str]:
    from functools import partial
    from pathlib import Path

    from metahuman.memory.editing import with_value
    from metahuman.memory.revising import memory_problems, revise

    before, path = memory.keeper.read(name), Path(name)
    content = before.as_json()
    for value in values:
        key, equals, text = value.partition("=")
        if not equals:
            raise click.UsageError(f"--set {value}: write KEY=VALUE, such as metadata.trainingConsent=false")
        content = with_value(content, key, text, path, partial(memory_problems, memory_id=name))
    return revise(memory.keeper, before, content, path)


def _edited(home: Home, memory: HomeMemory, name: str) -> list[str]:
    from metahuman.cli.editing import edited
    from metahuman.memory.revising import MemoryCopy

    draft = MemoryCopy(memory.keeper, name, home.root / "state" / "drafts" / f"{quote(name, safe='')}.json")
    edited(draft)
    return draft.finish(datetime.now(UTC))
