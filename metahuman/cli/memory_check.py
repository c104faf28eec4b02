"""`metahuman memory verify`, `sync`, `reindex` and `audit`: whether files and index agree, and how much is junk."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import NONE_YET, json_option, rate, remembering, shown_progress, write_down

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.home import HomeMemory
    from metahuman.memory.hygiene.junk_report import JunkReport
    from metahuman.memory.store.syncing import Synced
    from metahuman.memory.store.verifying import Verified
    from metahuman.state.errors import SettingError

#: Things of a kind that are named; the rest are counted.
NAMED = 20


@click.command(short_help="Compare every memory with the index; nothing is changed.")
@click.pass_obj
def verify(home: Home) -> None:
    """Read every memory and compare it with the index; exit code 1 unless all is sound. Nothing is changed."""
    from metahuman.cli.text import plain

    with remembering(home, ready=False) as memory, shown_progress("reading") as progress:
        if not _any(memory, home):
            click.echo(NONE_YET)
            return
        found = memory.keeper.verify(progress)
    for line in _faults(found):
        click.echo(plain(line))
    if not found.sound:
        raise click.exceptions.Exit(1)
    click.echo(f"{found.files:,} memories: all sound")


def _any(memory: HomeMemory, home: Home) -> bool:
    return bool(memory.keeper.count()) or (home.root / "state" / "memory.sqlite").exists()


def _faults(found: Verified) -> Iterator[str]:
    yield from _first([str(error) for error in found.broken])
    yield from _first([f"not in the index: {place}" for place in found.missing])
    yield from _first([f"otherwise in the index: {place}" for place in found.differing])
    yield from _first([f"in the index, but not there: {place}" for place in found.gone])
    yield from _first([f"the index: {fault}" for fault in found.faults])
    if found.missing or found.differing or found.gone:
        yield "`metahuman memory sync` takes in what was changed by hand"
    if found.faults:
        yield "`metahuman memory reindex` makes the index anew from the files"


def _first(told: Sequence[str]) -> Iterator[str]:
    yield from told[:NAMED]
    if len(told) > NAMED:
        yield f"… and {len(told) - NAMED:,} more like that"


@click.command(short_help="Take in what was changed in the files by hand.")
@click.pass_obj
def sync(home: Home) -> None:
    """Take in what was added, changed and deleted in the files by hand. Every command and turn does so by itself."""
    with remembering(home, ready=False) as memory, shown_progress("reading") as progress:
        done = memory.keeper.sync(progress)
    click.echo(f"{done.added:,} added, {done.changed:,} changed, {done.gone:,} gone")
    _tell_broken(done.broken)


@click.command(short_help="Make the index anew from the files.")
@click.pass_obj
def reindex(home: Home) -> None:
    """Make the index anew from the files; until its end, the old one is searched. Ctrl-C leaves that as it was."""
    from metahuman.state.events import index_rebuilt

    home.create()
    started = time.monotonic()
    with remembering(home, ready=False) as memory, shown_progress("reading") as progress:
        done: Synced = memory.keeper.reindex(progress)
    took = rate(done.added, time.monotonic() - started)
    write_down(home, index_rebuilt(done.added, len(done.broken)))
    click.echo(f"{done.added:,} memories indexed in {took}")
    _tell_broken(done.broken)


def _tell_broken(broken: Sequence[SettingError]) -> None:
    from metahuman.cli.text import plain

    for line in _first([str(error) for error in broken]):
        click.echo(plain(line), err=True)


@click.command(short_help="Say how much of what is recalled is junk.")
@json_option
@click.pass_obj
def audit(home: Home, *, as_json: bool) -> None:
    """Read every memory and say how much of what may be recalled is junk, and of which kind; nothing is changed."""
    from metahuman.memory.hygiene.junk_report import Auditor

    auditor = Auditor()
    with remembering(home, ready=False) as memory, shown_progress("reading") as progress:
        total = memory.keeper.count()
        for done, one in enumerate(memory.keeper.all(), 1):
            auditor.take(one)
            progress(done, total)
    if as_json:
        click.echo(json.dumps(auditor.report.as_json(), ensure_ascii=False, indent=2))
    elif not total:
        click.echo(NONE_YET)
    else:
        _show_junk(auditor.report)


def _show_junk(report: JunkReport) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from metahuman.cli.text import plain

    console = Console(highlight=False)
    if rows := report.rows():
        numbers = [Column(name, justify="right", no_wrap=True) for name in ("memories", "share")]
        table = Table(Column("junk", no_wrap=True), *numbers, Column("what it is"), Column("such as", overflow="fold"))
        for row in rows:
            examples = Text(plain("\n".join(row.examples)), style="dim")
            table.add_row(row.kind, f"{row.memories:,}", f"{row.share:.2%}", row.meaning, examples)
        console.print(table)
    for line in _sums(report):
        console.print(plain(line), markup=False, soft_wrap=True)


def _sums(report: JunkReport) -> Iterator[str]:
    yield f"Junk: {report.rate:.2%} of the {report.recalled:,} memories that may be recalled as current."
    if report.flagged:
        kinds = ", ".join(f"{kind} {one.memories:,}" for kind, one in sorted(report.flagged.items()))
        yield f"Kept, but never recalled: {sum(one.memories for one in report.flagged.values()):,} ({kinds})."
    told = {
        "replaced by later ones": report.superseded.memories,
        "said again, and counted": report.merged,
        "with a paste that was cut": report.shortened,
    }
    if any(told.values()):
        yield f"Also: {', '.join(f'{count:,} {what}' for what, count in told.items() if count)}."
