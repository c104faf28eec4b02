"""Who was asked how much, and what it cost: a stretch of days of the usage ledger, as a table, JSON or a picture."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metahuman.audit.ledger import CALL, Ledger, Rebuilt, Row, Totals
from metahuman.audit.reader import Reader
from metahuman.home import Home
from metahuman.opening import open_registry
from metahuman.state.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: How many days are shown unless others are asked for, today among them.
DAYS = 7
#: How many dates fit under a picture.
_MOST_DATES = 14
#: Inches of a picture.
_WIDTH, _DAYS_HEIGHT, _LEAST_HEIGHT, _BAR_HEIGHT = 9.0, 4.5, 2.0, 0.35


@dataclass(frozen=True)
class UsageTable:
    """What was used in a stretch of days.

    Args:
        by: What is kept apart: keys of the ledger.
        since: The first day, days being those of UTC.
        until: The last day.
        currency: What costs are in.
        rows: The sums, in the order of their keys.
    """

    by: tuple[str, ...]
    since: date
    until: date
    currency: str
    rows: list[Row]

    @property
    def total(self) -> Totals:
        """The sums of all rows."""
        return Totals(*(sum(values) for values in zip(*(row.totals for row in self.rows), strict=True)))

    @property
    def measure(self) -> str:
        """What bars are drawn of: the cost if anything cost, else the tokens, else the calls."""
        total = self.total
        return "cost" if total.cost else "tokens" if total.prompt + total.completion else "calls"

    @property
    def title(self) -> str:
        """What bars show, of which days."""
        unit = f"cost ({self.currency})" if self.measure == "cost" else self.measure
        return f"{unit} by {' and '.join(self.by)}, {self.since} to {self.until}"

    def value(self, totals: Totals) -> float:
        """Return the length of the bar of `totals`."""
        values = {"cost": totals.cost, "tokens": totals.prompt + totals.completion, "calls": totals.calls}
        return values[self.measure]

    @property
    def places(self) -> int:
        """How many places that has after the point; a call of a cheap model costs less than a hundredth."""
        return 4 if self.measure == "cost" else 0

    def told(self, totals: Totals) -> str:
        """Return what stands at the end of that bar."""
        return f"{self.value(totals):,.{self.places}f}"

    def as_json(self) -> dict[str, Any]:
        """Return the table for scripts; what a call does not have, such as a thread, is null."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "currency": self.currency,
            "rows": [
                {key: name or None for key, name in zip(self.by, row.key, strict=True)} | _json(row.totals)
                for row in self.rows
            ],
            "total": _json(self.total),
        }


def collect(home: Home, by: Sequence[str], since: datetime | None = None, until: datetime | None = None) -> UsageTable:
    """Return what a home used on every day that the time from `since` to `until` touches.

    Args:
        home: The home.
        by: What is kept apart.
        since: The first moment wanted; by default the start of the day six days before the last.
        until: The first moment no longer wanted; by default now.

    Raises:
        SettingError: If the registry, which names the currency, cannot be used.
        StoreError: If the ledger cannot be read.
    """
    last = _last_day(until)
    first = since.astimezone(UTC).date() if since else last - timedelta(days=DAYS - 1)
    currency = open_registry(home).file.global_settings.currency
    with closing(Ledger(home.ledger)) as ledger:
        rows = ledger.rows(first.isoformat(), last.isoformat(), by)
    return UsageTable(tuple(by), first, last, currency, rows)


def rebuild(home: Home) -> Rebuilt:
    """Count the calls of a home's audit log anew.

    Raises:
        StoreError: If the log cannot be read or the ledger not be written.
    """
    with closing(Ledger(home.ledger)) as ledger:
        return ledger.rebuild(Reader(home.audit, event=CALL))


def label(key: Sequence[str]) -> str:
    """Return what a row is called."""
    return " · ".join(name or "—" for name in key)


def draw(table: UsageTable, path: Path) -> None:
    """Draw the table as bars: one for each row, or stacked for each day if days are kept apart.

    Args:
        table: What to draw.
        path: The picture's file; its ending says of which kind.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If it knows no such kind of picture.
        StoreError: If the file cannot be written.
    """
    from matplotlib.figure import Figure

    by_day = "day" in table.by
    height = _DAYS_HEIGHT if by_day else max(_LEAST_HEIGHT, _BAR_HEIGHT * (len(table.rows) + 3))
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    (_draw_days if by_day else _draw_rows)(axes, table)
    figure.suptitle(table.title, fontsize="medium")
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix[1:], dpi=150)
    write_atomic(path, picture.getvalue())


def _draw_rows(axes: Axes, table: UsageTable) -> None:
    values = [table.value(row.totals) for row in table.rows]
    bars = axes.barh([label(row.key) for row in table.rows], values)
    axes.bar_label(bars, [table.told(row.totals) for row in table.rows], padding=4)
    axes.set_xticks([])  # each bar says its value
    axes.invert_yaxis()
    axes.margins(x=0.12)


def _draw_days(axes: Axes, table: UsageTable) -> None:
    days = [
        (table.since + timedelta(days=number)).isoformat() for number in range((table.until - table.since).days + 1)
    ]
    below = [0.0] * len(days)
    for name, values in _series(table).items():
        heights = [values.get(day, 0.0) for day in days]
        axes.bar(range(len(days)), heights, bottom=below, label=name)
        below = [one + more for one, more in zip(below, heights, strict=True)]
    step = math.ceil(len(days) / _MOST_DATES)
    axes.set_xticks(range(0, len(days), step), days[::step], rotation=30, ha="right")
    axes.yaxis.set_major_formatter(f"{{x:,.{table.places}f}}")
    axes.margins(y=0.08)
    if len(table.by) > 1:
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _series(table: UsageTable) -> dict[str, dict[str, float]]:
    """Return the values of each day by what the rows are called beside it; what has none at all is left out."""
    place = table.by.index("day")
    series: dict[str, dict[str, float]] = {}
    for row in table.rows:
        if value := table.value(row.totals):
            name = label(row.key[:place] + row.key[place + 1 :])
            series.setdefault(name, {})[row.key[place]] = value
    return series


def _last_day(until: datetime | None) -> date:
    moment = until.astimezone(UTC) - timedelta(microseconds=1) if until else datetime.now(UTC)
    return moment.date()


def _json(totals: Totals) -> dict[str, float]:
    # Sums of fractions end in noise.
    return totals._asdict() | {"seconds": round(totals.seconds, 3), "cost": round(totals.cost, 9)}
