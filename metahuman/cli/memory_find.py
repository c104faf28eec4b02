"""`metahuman memory list` and `search`: memories by time, and by what bears on a text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import (
    NONE_YET,
    json_option,
    remembering,
    since_option,
    type_option,
    until_option,
)
from metahuman.cli.names import thread_names

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.home import HomeMemory
    from metahuman.memory.recall.recaller import Wanted
    from metahuman.remembering import Recalled

NEWEST, FOUND = 20, 8


@click.command("list", short_help="List memories, the newest first.")
@type_option
@since_option
@until_option
@click.option("--thread", metavar="NAME", shell_complete=thread_names, help="Only those of this conversation.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=0), metavar="N", default=NEWEST, show_default=True, help="0 for all."
)
@json_option
@click.pass_obj
def list_memories(
    home: Home,
    *,
    types: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    thread: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List memories, the newest first: also those that are never recalled, or no longer so."""
    from metahuman.memory.index import Where
    from metahuman.memory.store.documents import NOISE
    from metahuman.remembering import newest

    where = Where(
        types=(*types, NOISE) if types else (),
        since=since.timestamp() if since else None,
        until=until.timestamp() if until else None,
        current=False,
    )
    with remembering(home) as memory:
        there = bool(memory.keeper.count())
        every = newest(memory, where, types, thread) if there else iter(())
        found = list(islice(every, limit or None))
    if as_json:
        click.echo(json.dumps({"memories": [one.as_json() for one in found]}, ensure_ascii=False, indent=2))
    elif not found:
        click.echo("No memory is of that kind." if there else NONE_YET)
    else:
        from metahuman.cli.memory_lines import show

        show(found)


@click.command(short_help="Show what a message would bring to mind, and why.")
@click.argument("words", metavar="TEXT", nargs=-1, required=True)
@type_option
@since_option
@until_option
@click.option("--all", "inner", is_flag=True, help="Also inner dialogue, dreams and reflections.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), metavar="N", default=FOUND, show_default=True, help="How many at most."
)
@json_option
@click.pass_obj
def search(
    home: Home,
    words: tuple[str, ...],
    *,
    types: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    inner: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Show what the message TEXT would bring to mind, best first, and why: as a turn recalls, with its words for time.

    The score is the share of what the message's words weigh that a memory answers, raised and lowered by the rest.
    """
    from metahuman.memory.recall.recaller import Wanted
    from metahuman.state.memories import INNER, SPOKEN_OF

    text = " ".join(words)
    chosen = types or ((*SPOKEN_OF, *INNER) if inner else None)
    now = datetime.now(UTC).astimezone()
    wanted = Wanted(text, now, types=chosen, since=since, until=until, limit=limit)
    with remembering(home) as memory:
        found, milliseconds = _recalled(memory, wanted) if memory.keeper.count() else ([], 0.0)
    if as_json:
        told = [{"score": score, "why": why, "memory": one.as_json()} for one, score, why in found]
        click.echo(json.dumps({"text": text, "latencyMs": milliseconds, "hits": told}, ensure_ascii=False, indent=2))
    elif not found:
        click.echo("Nothing comes to mind.")
    else:
        from metahuman.cli.memory_lines import show_hits

        show_hits(found)
        click.echo(f"{len(found)} found in {milliseconds:.1f} ms")


def _recalled(memory: HomeMemory, wanted: Wanted) -> tuple[list[Recalled], float]:
    """Return the memories that answer best, with score and reason, and the milliseconds that it took."""
    import time

    from metahuman.remembering import recalled

    started = time.perf_counter()
    found = recalled(memory, wanted)
    return found, round((time.perf_counter() - started) * 1000, 2)
