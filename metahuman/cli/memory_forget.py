"""`metahuman memory forget`: a memory goes, with what was made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from metahuman.cli.agreeing import agreed
from metahuman.cli.memory_home import remembering, shown_progress

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.home import HomeMemory
    from metahuman.memory.store.forgetting import Forgotten
    from metahuman.state.memories import Memory


@click.command(short_help="Forget memories, with what was made from them.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--threads", "with_threads", is_flag=True, help="Also delete conversations that still hold the words.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget(home: Home, ids: tuple[str, ...], *, with_threads: bool, yes: bool) -> None:
    """Forget the memories ID..., or those whose ids begin so: says first what goes, and asks.

    With each go its curated copies, the rows of training data and datasets made from it, links to it, dreams and
    reflections made of nothing else, and what the persona cache has from it alone. Adapters that were trained on it
    cannot unlearn it: they are flagged, and what their voices said is deleted.
    """
    from metahuman.cli.text import plain
    from metahuman.holding import delete_threads, home_threads_with
    from metahuman.memory.digest.dreams import made_of
    from metahuman.remembering import named

    with remembering(home) as memory:
        doomed = [memory.keeper.read(name) for name in dict.fromkeys(named(memory, word) for word in ids)]
        doomed += made_of(memory.keeper, {one.id for one in doomed})
        threads = home_threads_with(home, doomed)
        for line in _announced(home, memory, doomed, threads, with_threads=with_threads):
            click.echo(plain(line))
        if not (yes or agreed("Forget?")):
            click.echo("nothing was forgotten", err=True)
            raise click.exceptions.Exit(1)
        deleted = list(threads) if with_threads else []
        delete_threads(home, deleted)
        for one in doomed:
            _forget(home, memory, one, deleted)
    click.echo(f"The audit log is never rewritten, and may quote the turn: {home.audit}. So may exports and backups.")


def _announced(
    home: Home, memory: HomeMemory, doomed: Sequence[Memory], threads: Mapping[str, str], *, with_threads: bool
) -> Iterator[str]:
    """Yield what will go with the memories, and what will not."""
    from metahuman.cli.memory_lines import beginning, when
    from metahuman.memory.store.forgetting import traces

    for one in doomed:
        yield f"{one.id}, {when(one)}: {beginning(one).plain}"
        yield f"  its file: {home.root / 'memory' / 'episodic' / memory.keeper.place(one.id)}"
        made = traces(home.root, one.id)
        yield from (f"  curated copy: {path}" for path in made.curated)
        yield from (f"  training data: {path}, {count} rows" for path, count in made.rows.items())
        yield from (f"  flagged, for it cannot unlearn: {path}" for path in made.adapters)
        yield from (f"  deleted, for it may quote it: {path}" for path in made.quotes)
    for thread, where in threads.items():
        stays = "is deleted" if with_threads else "still holds its words; --threads deletes it"
        yield f"the conversation {thread} {stays} ({where})"


def _forget(home: Home, memory: HomeMemory, one: Memory, threads: Sequence[str]) -> None:
    from metahuman.audit.log import AuditLog
    from metahuman.cli.text import plain
    from metahuman.clock import SystemClock
    from metahuman.remembering import forget as forget_one

    clock = SystemClock()
    with shown_progress("looking for links") as progress:
        gone, learned = forget_one(home, memory, one.id, threads, AuditLog(home.audit, clock), clock, progress)
    click.echo(plain(f"{one.id}: forgotten{', also by the persona cache' if learned else ''}"))
    for line in _told(gone):
        click.echo(plain(f"  {line}"))


def _told(gone: Forgotten) -> Iterator[str]:
    if gone.unlinked:
        yield f"no longer linked to it: {', '.join(gone.unlinked)}"
    if gone.mentions:
        yield f"still named in, for you to look at: {', '.join(gone.mentions)}"
