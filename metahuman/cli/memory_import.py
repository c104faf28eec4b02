"""`metahuman memory import`: other programs' memories, brought in as if they had been said here."""

from __future__ import annotations

import contextlib
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli import INTERRUPTED
from metahuman.cli.memory_home import rate, remembering, write_down

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.importing.reading import Format, Import

FORMATS = ("metahuman", "chatgpt", "claude", "markdown", "jsonl")
#: What becomes of a memory, and how that is told.
FATES = {
    "new": "new",
    "flagged": "kept, but never recalled",
    "merged": "said before, and counted there",
    "grown": "brought up to date",
    "known": "there already",
}


@click.command("import", short_help="Bring in memories of other programs, journals, or your own export.")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--format", "how", type=click.Choice(FORMATS), help="What it is.  [default: found out from its files]")
@click.option("--no-training", is_flag=True, help="Never train a voice on what is brought in.")
@click.option("--dry-run", is_flag=True, help="Only say what would come.")
@click.pass_obj
def import_memories(home: Home, path: Path, how: Format | None, *, no_training: bool, dry_run: bool) -> None:
    """Bring in the memories at PATH: an export of ChatGPT or Claude, a home, a journal, or lines of JSON.

    What was brought in before is not doubled, so Ctrl-C is no loss: the same command goes on from there. Exit code 1
    if something could not be read.
    """
    from metahuman.cli.progress import Bar
    from metahuman.memory.importing.bringing import brought_in
    from metahuman.memory.importing.reading import read_import

    bar = Bar(path.name)
    found = read_import(path.expanduser(), how, consent=not no_training, progress=bar.advance)
    click.echo(f"{path}: {found.format}")
    fates, started = Counter[str](), time.monotonic()
    try:
        with remembering(home) as memory, _interruptible() as check:
            for one in brought_in(memory, found, dry_run=dry_run):
                fates[one] += 1
                check()
    except KeyboardInterrupt:
        click.echo("stopped; what came so far is kept, and the same command goes on from there", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    finally:
        bar.close()
        _end(home, path, found, fates, None if dry_run else time.monotonic() - started)
    if found.report.broken:
        raise click.exceptions.Exit(1)


def _end(home: Home, path: Path, found: Import, fates: Counter[str], took: float | None) -> None:
    """Tell what became of an import, and write it down; `took` is None if nothing was done."""
    from metahuman.cli.text import plain
    from metahuman.memory.importing.bringing import told_of

    for line in found.report.lines():
        click.echo(plain(line))
    told = ", ".join(f"{fates[fate]:,} {words}" for fate, words in FATES.items() if fates[fate])
    if took is None:
        click.echo(f"would come: {told or 'nothing'}")
        return
    click.echo(f"{told or 'nothing came'}; {rate(fates.total(), took)}")
    if fates:
        write_down(home, told_of(path, found, fates))


@contextlib.contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """Hand out what raises KeyboardInterrupt if Ctrl-C was pressed: between two memories, so that each comes whole."""
    pressed = list[int]()

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
