"""`metahuman audit`: shows what the twin decided, called and changed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Unpack

import click

from metahuman.cli.audit_lines import local_time, printable, summary
from metahuman.cli.audit_replay import replay
from metahuman.cli.audit_verify import verify
from metahuman.cli.options import moment

if TYPE_CHECKING:
    from metahuman.audit.reader import Entry, Filters, Reader
    from metahuman.home import Home

NEWEST = 20
_STYLES = {"info": "dim", "warn": "yellow", "error": "red", "critical": "bold red reverse"}
#: The most characters of details that one line shows; --json shows all.
_LONGEST = 500


@click.group(invoke_without_command=True, short_help="Show what the twin decided, called and changed.")
@click.option("--event", metavar="NAME", help="Only events of this name, such as llm_call or route_decided.")
@click.option("--actor", metavar="WHO", help="Only what this actor did: a role, assistant, human or system.")
@click.option("--role", metavar="ROLE", help="Only model calls of this role.")
@click.option("--level", type=click.Choice(["info", "warn", "error", "critical"]), help="This level or worse.")
@click.option("--thread", metavar="ID", help="Only what belongs to this conversation.")
@click.option("--since", callback=moment, metavar="WHEN", help="From then on: 90s, 15m, 2h, 3d ago, or a date or time.")
@click.option("--until", callback=moment, metavar="WHEN", help="Up to then, in the same forms.")
@click.option(
    "-n",
    "--number",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"Only the newest N events.  [default: {NEWEST}; with --since, all]",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with new events as they come, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print the log's own lines, one JSON object for each event.")
@click.pass_context
def audit(ctx: click.Context, *, number: int | None, follow: bool, as_json: bool, **filters: Unpack[Filters]) -> None:
    """Show what the twin decided, called and changed, oldest first."""
    if ctx.invoked_subcommand is None:
        _print(ctx.obj, number, follow=follow, as_json=as_json, **filters)
    elif follow or as_json or number is not None or any(filters.values()):
        raise click.UsageError(f"write the options after `{ctx.invoked_subcommand}`, which has its own")


for command in (verify, replay):
    audit.add_command(command)


def _print(home: Home, number: int | None, *, follow: bool, as_json: bool, **filters: Unpack[Filters]) -> None:
    from metahuman.audit.reader import Reader

    reader = Reader(home.audit, **filters)
    if number is None and not filters.get("since"):
        number = NEWEST
    shown = 0
    with contextlib.suppress(KeyboardInterrupt) if follow else contextlib.nullcontext():
        shown = _show(_entries(reader, number, follow=follow), _print_line if as_json else _pretty_printer())
    if not shown and not (as_json or follow):
        click.echo(
            f"No event in {home.audit} {'matches' if any(filters.values()) else 'yet: talk with the twin first'}."
        )
    if reader.broken:
        click.echo(f"Broken lines skipped: {reader.broken}", err=True)


def _entries(reader: Reader, number: int | None, *, follow: bool) -> Iterable[Entry]:
    if follow:
        return reader.follow(threading.Event(), last=number)
    return reader.read() if number is None else reader.tail(number)


def _show(entries: Iterable[Entry], show: Callable[[Entry], None]) -> int:
    """Show each entry as it comes, and return how many there were."""
    shown = 0
    for shown, entry in enumerate(entries, 1):  # noqa: B007 - the last count is the answer
        show(entry)
    return shown


def _print_line(entry: Entry) -> None:
    # Bytes, because a log in UTF-8 must come out as it is whatever the terminal's encoding.
    click.echo(entry.line.encode())


def _pretty_printer() -> Callable[[Entry], None]:
    """Return what prints an entry as one line for people, cut to the width of the terminal if there is one."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)

    def show(entry: Entry) -> None:
        level = printable(entry.get("level", "info"))
        # Text objects, not markup: an event's own brackets must not be read as colours.
        line = Text.assemble(
            (local_time(entry), "dim"),
            (f" {level:<5}", _STYLES.get(level, "")),
            (f" {printable(entry.get('event', '?')):<18}", "bold"),
            (f" {printable(entry.get('actor', '-')):<12} ", "cyan"),
            printable(summary(entry.get("event"), entry.details)[:_LONGEST]),
        )
        if console.is_terminal:
            line.truncate(console.width, overflow="ellipsis")
        console.print(line, soft_wrap=True)

    return show
