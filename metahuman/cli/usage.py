"""`metahuman usage`: who was asked how much, and what it cost."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli.options import moment

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from metahuman.audit.ledger import Totals
    from metahuman.home import Home
    from metahuman.usage import UsageTable

#: What `--plot` alone stands for.
TERMINAL = "-"
PICTURES = (".png", ".svg", ".pdf")
_NUMBERS = ("calls", "failed", "fall-\nbacks", "tokens\nin", "tokens\nout", "seconds")
#: From here on, tenths of a second say nothing.
_MANY_SECONDS = 100
#: From ten thousand on, three digits say enough.
_UNITS = ((999.5e6, 1e9, "G"), (999.5e3, 1e6, "M"), (10e3, 1e3, "k"))
#: Narrower terminals need the space between the columns for the names.
_NARROW = 100


@click.command(short_help="Show who was asked how much, and what it cost.")
@click.option(
    "--by",
    multiple=True,
    type=click.Choice(["day", "role", "model", "provider", "mode", "thread"]),
    help="What to keep apart; may be repeated.  [default: role and model]",
)
@click.option("--since", callback=moment, metavar="WHEN", help="From that day on: 12h, 3d, 4w ago, or a date or time.")
@click.option("--until", callback=moment, metavar="WHEN", help="Up to then, in the same forms.")
@click.option("--json", "as_json", is_flag=True, help="Print the sums as one JSON object.")
@click.option(
    "--plot",
    is_flag=False,
    flag_value=TERMINAL,
    metavar="[FILE]",
    help="Draw bars: here, or as a picture (.png, .svg, .pdf) into FILE.",
)
@click.option("--rebuild", is_flag=True, help="First count everything anew from the audit log.")
@click.pass_obj
def usage(
    home: Home,
    *,
    by: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
    plot: str | None,
    rebuild: bool,
) -> None:
    """Show who was asked how much, and what it cost: in the last seven days, by role and model, unless you say more.

    Days are those of UTC, and whole.
    """
    from metahuman.usage import collect

    picture = _picture(plot)
    if rebuild:
        _rebuild(home)
    table = collect(home, tuple(dict.fromkeys(by)) or ("role", "model"), since, until)
    if as_json:
        click.echo(json.dumps(table.as_json(), ensure_ascii=False, indent=2))
    elif not table.rows:
        _tell_nothing(home, table)
    elif not picture:
        _show(table, bars if plot else numbers)
    if picture and table.rows:
        _draw(table, picture)


def _picture(plot: str | None) -> Path | None:
    """Return the file to draw into, if one is asked for and can be drawn."""
    if plot in (None, TERMINAL):
        return None
    path = Path(str(plot)).expanduser()
    if path.suffix not in PICTURES:
        raise click.UsageError(f"--plot {plot}: name a file that ends in {', '.join(PICTURES)}, or none for bars here")
    if not importlib.util.find_spec("matplotlib"):
        remedy = "`pip install metahuman[notebooks]`, or --plot alone for bars here"
        raise click.ClickException(f"--plot {plot}: pictures need matplotlib; {remedy}")
    return path


def _draw(table: UsageTable, path: Path) -> None:
    from metahuman.usage import draw

    draw(table, path)
    click.echo(f"Drawn: {path}", err=True)


def _rebuild(home: Home) -> None:
    from metahuman.usage import rebuild

    done = rebuild(home)
    click.echo(f"Counted anew: calls {done.calls}, days {done.days}", err=True)


def _tell_nothing(home: Home, table: UsageTable) -> None:
    again = "; `metahuman usage --rebuild` counts what the audit log has" if home.audit.exists() else ""
    click.echo(f"No model call is counted from {table.since} to {table.until}: talk with the twin first{again}.")


def _show(table: UsageTable, shown: Callable[[UsageTable, int], Table]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(shown(table, console.width))


def numbers(table: UsageTable, width: int) -> Table:
    """Return the table as numbers, for a terminal of so many columns: names break there, numbers do not."""
    from rich import box
    from rich.table import Table

    title = f"model calls, {table.since} to {table.until}"
    padding = (0, 0 if width < _NARROW else 1, 0, 0)
    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=padding, pad_edge=False)
    for name in table.by:
        shown.add_column(name, overflow="fold")
    shown.columns[0].footer = "total"
    totals, rows = _cells(table.total), [_cells(row.totals) for row in table.rows]
    for name, total, *values in zip((*_NUMBERS, table.currency), totals, *rows, strict=True):
        longest = max(len(text) for text in (*name.split("\n"), total, *values))
        shown.add_column(name, footer=total, justify="right", no_wrap=True, min_width=longest)
    shown.show_footer = len(rows) > 1
    for row, cells in zip(table.rows, rows, strict=True):
        shown.add_row(*_names(row.key), *cells)
    return shown


def bars(table: UsageTable, width: int) -> Table:
    """Return the table as bars, for a terminal of so many columns."""
    from rich.bar import Bar
    from rich.table import Table

    from metahuman.usage import label

    shown = Table(
        title=table.title, title_justify="left", box=None, show_header=False, expand=True, padding=(0, 1, 0, 0)
    )
    shown.add_column(no_wrap=True, overflow="ellipsis", max_width=width // 2)
    shown.add_column(ratio=1)
    shown.add_column(justify="right", no_wrap=True)
    longest = max(table.value(row.totals) for row in table.rows)
    for row in table.rows:
        bar = Bar(longest, 0, table.value(row.totals), color="cyan")
        shown.add_row(*_names([label(row.key)]), bar, table.told(row.totals))
    return shown


def _names(key: Sequence[str]) -> list[Text]:
    """Return names as text: never markup, never control."""
    from rich.text import Text

    from metahuman.cli.text import plain

    return [Text(plain(name) or "—") for name in key]


def _cells(totals: Totals) -> list[Text]:
    from rich.text import Text

    counts = (
        (totals.calls, ""),
        (totals.failures, "red"),
        (totals.fallbacks, "yellow"),
        (totals.prompt, ""),
        (totals.completion, ""),
    )
    cells = [Text(_short(count), style if count else "dim") for count, style in counts]
    # Four places, because a call of a cheap model costs less than a hundredth.
    cost = f"{totals.cost:,.4f}" if totals.cost else "0"
    seconds = f"{totals.seconds:,.{1 if totals.seconds < _MANY_SECONDS else 0}f}"
    return [*cells, Text(seconds), Text(cost, "" if totals.cost else "dim")]


def _short(count: int) -> str:
    """Return a count in at most six characters; --json has all digits."""
    for least, size, unit in _UNITS:
        if count >= least:
            return f"{count / size:.3g}{unit}"
    return f"{count:,}"
