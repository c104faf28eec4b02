"""Tables of the routing benchmark: printed as they come, and kept for `--json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

Value = float | int | str | None


class Row(NamedTuple):
    """One way of doing it, and its numbers by column."""

    name: str
    values: Mapping[str, Value]


class Report:
    """What has been measured so far.

    Args:
        console: Where tables are printed.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.found: dict[str, dict[str, Any]] = {}

    def table(self, name: str, title: str, rows: Sequence[Row], *, aims: Mapping[str, Value] | None = None) -> None:
        """Print a table, and keep its numbers.

        Args:
            name: What `--json` calls it.
            title: What was measured, on what.
            rows: The ways, baselines first.
            aims: What the project wants to reach, by column.
        """
        columns = list(dict.fromkeys(column for row in rows for column in row.values))
        shown = [*rows, Row("aim", aims)] if aims else rows
        table = Table(show_edge=False, pad_edge=False)
        table.add_column(no_wrap=True)
        for column in columns:
            table.add_column(column, justify="right")
        for row in shown:
            style = "dim" if row.name == "aim" else None
            table.add_row(row.name, *(_cell(row.values.get(column)) for column in columns), style=style)
        self._console.print(title, style="bold", highlight=False, markup=False)
        self._console.print(table, "")
        self.found[name] = {"title": title, "rows": {row.name: dict(row.values) for row in rows}, "aims": aims or {}}

    def note(self, text: str) -> None:
        """Print a remark."""
        self._console.print(text, "", highlight=False, markup=False)


def _cell(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"
    return "" if value is None else str(value)
