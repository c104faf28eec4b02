"""Options that several commands share."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from metahuman.cli.names import thread_names
from metahuman.state.context import MODES

thread_option = click.option(
    "--thread",
    metavar="NAME",
    default="main",
    show_default=True,
    shell_complete=thread_names,
    help="The conversation to go on with.",
)
mode_option = click.option(
    "--mode", type=click.Choice(MODES), help="The cognitive mode.  [default: the one in persona/cognitive-mode.json]"
)

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """Read how long ago (90s, 15m, 2h, 3d, 1w) or an ISO date or time, which is local if it names no zone."""
    if value is None:
        return None
    try:
        if ago := re.fullmatch(r"(\d+)([smhdw])", value):
            return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{value!r}: say for example 15m, 2h, 3d, 2026-01-31 or 2026-01-31T09:30") from None
