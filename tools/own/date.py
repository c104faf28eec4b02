"""`date`: the date and time, here or elsewhere, and reckoning with dates."""

from __future__ import annotations

import asyncio
import difflib
import re
from datetime import date, datetime
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.own.when import When, shifted, when
from metahuman.tools.tool import Arguments, Tool

_SPAN = re.compile(r"([+-]?\d{1,6}) ?(day|week|month|year)s?")
#: Names that are offered where a time zone is not known.
_SUGGESTED = 3


class Date(Arguments):
    """Tell the date, weekday and time, and reckon with dates. Without arguments: now.

    With `add`, the day so much later or earlier; with `until`, how long it is until then.
    """

    date: str = Field("now", max_length=100, description='"now", "2026-12-24", "next friday", "2026-12-24T17:00".')
    add: str | None = Field(None, max_length=40, description='What to add to it: "90 days", "-2 weeks", "6 months".')
    until: str | None = Field(
        None, max_length=100, description="A second date: the days from the first to it are told."
    )
    zone: str | None = Field(
        None, max_length=60, description='Tell the time there, too: "Asia/Tokyo", "New York", "UTC".'
    )


async def run(arguments: Date, desk: Desk) -> Output:
    """Return what is asked for, a line a matter."""
    return Output(await asyncio.to_thread(_told, arguments, desk.now), trusted=True)


def _told(asked: Date, now: datetime) -> str:
    is_now = asked.date.strip().casefold() in ("now", "")
    first = When(now) if is_now else when(asked.date, now)
    lines = [_moment(first) if is_now else f"{_moment(first)}: {_away(first, now)}"]
    if asked.zone is not None:
        zone = zone_of(asked.zone)
        there = (When(now) if first.whole_day else first).at.astimezone(zone)
        lines.append(f"in {zone.key}: {_moment(When(there))}")
    if asked.add is not None:
        later = _later(first, asked.add)
        lines.append(f"{asked.add.strip()} added: {_moment(later)}: {_away(later, now)}")
    if asked.until is not None:
        lines.append(_between(first, when(asked.until, now)))
    return "\n".join(lines)


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name, "Asia/Tokyo", or by the place in it, "Tokyo".

    Raises:
        ToolError: If there is none of that name.
    """
    known = sorted(available_timezones())
    wanted = re.sub(r"\s+", "_", name.strip()).casefold()
    whole = {key.casefold(): key for key in known}
    places = {key.casefold().rpartition("/")[2]: key for key in reversed(known)}
    if found := whole.get(wanted) or places.get(wanted):
        return ZoneInfo(found)
    near = difflib.get_close_matches(wanted.rpartition("/")[2], places, _SUGGESTED)
    meant = f"did you mean {' or '.join(places[one] for one in near)}?" if near else "give one such as Asia/Tokyo"
    raise ToolError(f"no time zone is called {name[:60]!r}; {meant}")


def _moment(found: When) -> str:
    """Return a moment with its weekday and week, and a time with its zone."""
    day = found.at.date()
    told = f"{day:%A} {day.day} {day:%B %Y} ({day.isoformat()}, week {day.isocalendar().week})"
    return told if found.whole_day else f"{told}, {found.at:%H:%M} {found.at.tzname()} (UTC{found.at:%z})"


def _away(found: When, now: datetime) -> str:
    days = (found.at.date() - now.date()).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    return near.get(days) or (f"in {_count(days, 'day')}" if days > 0 else f"{_count(-days, 'day')} ago")


def _later(first: When, span: str) -> When:
    match = _SPAN.fullmatch(" ".join(span.split()).casefold())
    if match is None:
        raise ToolError(f"{span[:40]!r} is no span that can be added; say for example 90 days, -2 weeks, 6 months")
    try:
        day = shifted(first.at.date(), int(match[1]), match[2])
        return When(first.at.replace(year=day.year, month=day.month, day=day.day), first.whole_day)
    except (ValueError, OverflowError) as error:
        raise ToolError(f"{span[:40]!r} leads out of the calendar; add less") from error


def _between(first: When, second: When) -> str:
    """Return how far two days are apart; between two moments, hours and minutes too."""
    one, other = first.at.date(), second.at.date()
    days = (other - one).days
    weeks = f", which is {_count(abs(days) // 7, 'week')} and {_count(abs(days) % 7, 'day')}" if abs(days) > 7 else ""
    told = f"from {one} to {other}: {_count(days, 'day')}{weeks}, {_working(one, days)} of them Monday to Friday"
    if first.whole_day or second.whole_day:
        return told
    minutes = round((second.at - first.at).total_seconds() / 60)
    return f"{told}; to the minute: {'-' * (minutes < 0)}{abs(minutes) // 60} hours {abs(minutes) % 60} minutes"


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if abs(number) == 1 else 's'}"


def _working(first: date, days: int) -> int:
    """Return how many of the days after `first`, or before it where `days` is negative, are Monday to Friday."""
    whole, rest = divmod(abs(days), 7)
    sign = 1 if days > 0 else -1
    return whole * 5 + sum((first.weekday() + sign * (step + 1)) % 7 < 5 for step in range(rest))


TOOL = Tool("date", Date, run, seconds=5)
