"""`metahuman memory export`: memories written to a place of the owner's choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import (
    NONE_YET,
    remembering,
    shown_progress,
    since_option,
    type_option,
    until_option,
    write_down,
)

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.home import HomeMemory
    from metahuman.memory.importing.export import ExportFormat
    from metahuman.state.memories import Memory

FORMATS = ("jsonl", "markdown", "folder", "zip")


@click.command(short_help="Write memories to a file or folder: to keep, to read, to take elsewhere.")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--format", "how", type=click.Choice(FORMATS), help="What to write.  [default: by the target's name]")
@type_option
@since_option
@until_option
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
@click.pass_obj
def export(
    home: Home,
    target: Path,
    how: ExportFormat | None,
    *,
    types: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    overwrite: bool,
) -> None:
    """Write memories to TARGET: .jsonl, .zip or a folder lose nothing and can be imported; .md is a journal to read.

    It is written in the clear, for your eyes only. It appears whole, or not at all.
    """
    from metahuman.memory.importing.export import export as write
    from metahuman.state.events import memories_exported

    place = target.expanduser().absolute()
    with remembering(home, ready=False) as memory, shown_progress("writing") as progress:
        total = memory.keeper.count()
        if not total:
            click.echo(NONE_YET)
            return
        chosen = _chosen(memory, types, since, until)
        count = write(chosen, place, how, overwrite=overwrite, progress=lambda done: progress(done, total))
    write_down(home, memories_exported(str(place), how, count))
    click.echo(f"{count:,} memories: {place}")


def _chosen(
    memory: HomeMemory, types: Sequence[str], since: datetime | None, until: datetime | None
) -> Iterator[Memory]:
    for one in memory.keeper.all():
        if (
            (not types or one.type in types)
            and (since is None or one.at >= since)
            and (until is None or one.at < until)
        ):
            yield one
