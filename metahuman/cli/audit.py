"""`metahuman audit`: shows what the twin decided, called and changed."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack

import click

from metahuman.cli.options import moment

if TYPE_CHECKING:
    from metahuman.audit.reader import Entry, Filters, Reader
    from metahuman.home import Home

NEWEST = 20
_STYLES = {"info": "dim", "warn": "yellow", "error": "red", "critical": "bold red reverse"}
#: The most characters of details that one line shows; --json shows all.
_LONGEST = 500


@click.command(short_help="Show what the twin decided, called and changed.")
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
@click.pass_obj
def audit(home: Home, *, number: int | None, follow: bool, as_json: bool, **filters: Unpack[Filters]) -> None:
    """Show what the twin decided, called and changed, oldest first."""
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
        level = _plain(entry.get("level", "info"))
        # Text objects, not markup: an event's own brackets must not be read as colours.
        line = Text.assemble(
            (_local_time(entry), "dim"),
            (f" {level:<5}", _STYLES.get(level, "")),
            (f" {_plain(entry.get('event', '?')):<18}", "bold"),
            (f" {_plain(entry.get('actor', '-')):<12} ", "cyan"),
            _plain(summary(entry.get("event"), entry.details)[:_LONGEST]),
        )
        if console.is_terminal:
            line.truncate(console.width, overflow="ellipsis")
        console.print(line, soft_wrap=True)

    return show


def _local_time(entry: Entry) -> str:
    """Return the local time of day, with the date unless that is today."""
    try:
        moment = entry.moment and entry.moment.astimezone()
    except (OverflowError, ValueError):  # a time at the edge of the calendar
        moment = None
    if moment is None:
        return _plain(entry.get("timestamp", "no time"))
    today = moment.date() == datetime.now().astimezone().date()
    return moment.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")


def _plain(value: Any) -> str:
    """Return `value` as text that cannot move the cursor, ring or reorder: what does not print is escaped."""
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def summary(event: object, details: Mapping[str, Any]) -> str:
    """Return what `details` say, in a few words; the details of unknown events as key=value pairs."""
    if event == "llm_call":
        return ", ".join(_llm_call(details))
    if event == "route_decided":
        return ", ".join(_route_decided(details))
    return " ".join(f"{key}={_short(value)}" for key, value in details.items() if value is not None)


def _llm_call(details: Mapping[str, Any]) -> Iterator[str]:
    yield f"{details.get('role', '?')} → {details.get('modelId') or 'no model'}"
    # Before the numbers, because a narrow terminal cuts the end.
    if details.get("fallback"):
        yield f"fallback: {details.get('why') or 'no reason given'}"
    if details.get("error"):
        yield f"error: {details['error']}"
    tokens = details.get("tokens")
    if isinstance(tokens, dict):
        yield f"{tokens.get('prompt', '?')}+{tokens.get('completion', '?')} tokens"
    if isinstance(latency := details.get("latencyMs"), (int, float)):
        yield f"{latency:,.0f} ms"


def _route_decided(details: Mapping[str, Any]) -> Iterator[str]:
    tasks = details.get("tasks")
    listed = tasks if isinstance(tasks, list) else []
    yield "→ " + (" + ".join(str(task.get("destination")) for task in listed if isinstance(task, dict)) or "nowhere")
    if details.get("decidedBy"):
        yield f"by {details['decidedBy']}"
    if isinstance(confidence := details.get("confidence"), (int, float)):
        yield f"{confidence:.2f} sure"
    if details.get("why"):
        yield f"why: {details['why']}"


def _short(value: object) -> str:
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"
