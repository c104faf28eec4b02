"""When a question is about: "last May", "three weeks ago", "in 2022", "gestern"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

DAY, WEEK = timedelta(days=1), timedelta(days=7)


class Span(NamedTuple):
    """From a moment on, and up to a moment that is no longer in it."""

    since: datetime
    until: datetime


class Times(NamedTuple):
    """The spans that a text names, in the order they come, and the text without them."""

    spans: tuple[Span, ...]
    rest: str


_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar",
            "february feb februar",
            "march mar maerz märz",
            "april apr",
            "may mai",
            "june jun juni",
            "july jul juli",
            "august aug",
            "september sep sept",
            "october oct oktober okt",
            "november nov",
            "december dec dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday montag",
            "tuesday dienstag",
            "wednesday mittwoch",
            "thursday donnerstag",
            "friday freitag",
            "saturday samstag sonnabend",
            "sunday sonntag",
        )
    )
    for name in names.split()
}
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "a an one einem einer ein eine",
            "two couple zwei",
            "three few several drei paar",
            "four vier",
            "five fünf",
            "six sechs",
            "seven sieben",
            "eight acht",
            "nine neun",
            "ten zehn",
        ),
        start=1,
    )
    for word in words.split()
}
_UNITS = {
    name: unit
    for unit, names in {
        "day": "day days tag tage tagen",
        "week": "week weeks woche wochen",
        "weekend": "weekend weekends wochenende",
        "month": "month months monat monate monaten monats",
        "year": "year years jahr jahre jahren jahres",
    }.items()
    for name in names.split()
}
#: "In May" is a month; "may I" and "march on" are none: such names need a word before them, or a year behind.
_PLAIN_DAYS = {
    "the day before yesterday": -2,
    "day before yesterday": -2,
    "yesterday": -1,
    "last night": -1,
    "today": 0,
    "tonight": 0,
    "this morning": 0,
    "vorgestern": -2,
    "gestern": -1,
    "heute": 0,
}
#: Words, one of which stands in every time without digits.
_NAMES = {*_MONTHS, *_WEEKDAYS, *_UNITS, *(name.split()[-1] for name in _PLAIN_DAYS)}
_WORDS, _DIGIT = re.compile(r"\w+"), re.compile(r"\d")


def times_in(text: str, now: datetime) -> Times:
    """Return the spans of time that a text names, as seen from `now`, and what else it says.

    A span counts from midnight in the time zone of `now`. Weeks begin on Monday.
    """
    if not _may_name_times(text):
        return Times((), text)
    spans: list[tuple[int, Span]] = []
    rest = text
    for pattern, reading in _GRAMMAR:
        for match in pattern.finditer(rest):
            if (span := reading(match.groupdict(), now)) is not None:
                spans.append((match.start(), span))
                rest = f"{rest[: match.start()]}{' ' * len(match[0])}{rest[match.end() :]}"
    return Times(tuple(span for _, span in sorted(spans)), " ".join(rest.split()) if spans else text)


def _may_name_times(text: str) -> bool:
    """Tell whether it is worth reading a text for times: most have none, and the grammar is slow."""
    return not text.isascii() or not _NAMES.isdisjoint(_WORDS.findall(text.lower())) or _DIGIT.search(text) is not None


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _month(year: int, month: int, now: datetime) -> Span:
    first = _midnight(now).replace(year=year, month=month, day=1)
    return Span(first, (first + 32 * DAY).replace(day=1))


def _year(year: int, now: datetime) -> Span:
    first = _midnight(now).replace(year=year, month=1, day=1)
    return Span(first, first.replace(year=year + 1))


def _unit(unit: str, back: int, now: datetime) -> Span:
    """Return the day, week, weekend, month or year that was `back` of them ago."""
    today = _midnight(now)
    monday = today - today.weekday() * DAY
    if unit == "day":
        return Span(today - back * DAY, today - (back - 1) * DAY)
    if unit == "week":
        return Span(monday - back * WEEK, monday - (back - 1) * WEEK)
    if unit == "weekend":
        return Span(monday - back * WEEK + 5 * DAY, monday - (back - 1) * WEEK)
    if unit == "year":
        return _year(now.year - back, now)
    months = now.year * 12 + now.month - 1 - back
    return _month(months // 12, months % 12 + 1, now)


def _plain_day(found: Mapping[str, str | None], now: datetime) -> Span:
    return _unit("day", -_PLAIN_DAYS[_name(found, "day")], now)


def _relative(found: Mapping[str, str | None], now: datetime) -> Span:
    """Read "last week", "this month", "letztes Jahr"."""
    this = _name(found, "which").startswith(("this", "dies"))
    return _unit(_UNITS[_name(found, "unit")], 0 if this else 1, now)


def _weekday(found: Mapping[str, str | None], now: datetime) -> Span:
    """Read "last Tuesday", "on Friday": the latest one before today."""
    back = (now.weekday() - _WEEKDAYS[_name(found, "weekday")] - 1) % 7 + 1
    return _unit("day", back, now)


def _ago(found: Mapping[str, str | None], now: datetime) -> Span | None:
    """Read "three weeks ago", "vor zwei Monaten": as wide as one unit on either side, for few count exactly."""
    word, unit = _name(found, "number"), _UNITS[_name(found, "unit")]
    number = int(word) if word.isdigit() else _NUMBERS[word]
    if number * {"day": 1, "week": 7, "weekend": 7, "month": 31, "year": 366}[unit] > 100 * 366:
        return None
    if unit == "day":
        return _unit("day", number, now)
    return Span(_unit(unit, number, now).since, _unit(unit, number, now).until)


def _date(found: Mapping[str, str | None], now: datetime) -> Span | None:
    """Read a year, a month or a day; one without a year is the latest that was."""
    month = _MONTHS.get(_name(found, "month")) or int(found.get("mm") or 0)
    year, day = int(found.get("year") or 0), int(found.get("day") or 0)
    if (year and not 1900 <= year <= 2199) or month > 12:
        return None
    if not month:
        return _year(year, now)
    if not day:
        return _month(year or now.year - (month > now.month), month, now)
    return _day(year, month, day, now)


def _day(year: int, month: int, day: int, now: datetime) -> Span | None:
    for candidate in (year,) if year else (now.year, now.year - 1):
        first = _month(candidate, month, now)
        start = first.since + (day - 1) * DAY
        if start < first.until and (year or start <= now):
            return Span(start, start + DAY)
    return None


def _last_month(found: Mapping[str, str | None], now: datetime) -> Span:
    """Read "last May": the latest that is over."""
    month = _MONTHS[_name(found, "month")]
    return _month(now.year - (month >= now.month), month, now)


def _name(found: Mapping[str, str | None], key: str) -> str:
    """Return a name that was found as the tables have it."""
    # Patterns that take letters in any case take the Turkish i, with a dot in capitals and without in small, for an i.
    name = (found.get(key) or "").casefold().replace("i\u0307", "i").replace("\u0131", "i")
    return " ".join(name.split())


def _any(names: Mapping[str, object]) -> str:
    return "|".join(sorted((re.escape(name).replace(r"\ ", r"\s+") for name in names), key=len, reverse=True))


def _pattern(text: str) -> re.Pattern[str]:
    for name, names in (("MONTH", _MONTHS), ("WEEKDAY", _WEEKDAYS), ("NUMBER", _NUMBERS), ("UNIT", _UNITS)):
        text = text.replace(name, f"(?:{_any(names)})")
    return re.compile(rf"\b(?:{text})(?!\w)", re.IGNORECASE)


_LAST = r"(?:last|past|previous|letzte[nmrs]?|vorige[nmrs]?|vergangene[nmrs]?)"
_THIS = r"(?:this|diese[nmrs]?)"
_IN = r"(?:in|of|since|during|im|seit|by|until|before|after)"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_Reading = Callable[[Mapping[str, str | None], datetime], Span | None]
# The longer readings stand first: what one has read, the others do not see.
_GRAMMAR: tuple[tuple[re.Pattern[str], _Reading], ...] = (
    (_pattern(r"(?:on\s+)?(?P<year>\d{4})-(?P<mm>\d\d)-(?P<day>\d\d)"), _date),
    (
        _pattern(
            rf"(?:on\s+|am\s+)?(?:the\s+)?(?P<day>\d\d?)(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?P<month>MONTH),?(?:\s+{_YEAR})?"
        ),
        _date,
    ),
    (
        _pattern(rf"(?:on\s+)?(?P<month>MONTH)\s+(?:the\s+)?(?P<day>\d\d?)(?:st|nd|rd|th)?(?!\d)(?:,?\s+{_YEAR})?"),
        _date,
    ),
    (_pattern(rf"(?:{_IN}\s+)?(?P<month>MONTH),?\s+(?:of\s+)?{_YEAR}"), _date),
    (_pattern(rf"(?:in\s+)?{_LAST}\s+(?P<month>MONTH)"), _last_month),
    (_pattern(rf"{_IN}\s+(?:{_THIS}\s+)?(?P<month>MONTH)"), _date),
    (_pattern(rf"(?:{_IN}\s+|the\s+year\s+){_YEAR}"), _date),
    (_pattern(rf"(?P<day>{_any(_PLAIN_DAYS)})"), _plain_day),
    (_pattern(r"(?:about\s+|around\s+)?(?:a\s+)?(?P<number>\d\d?\d?|NUMBER)\s+(?:of\s+)?(?P<unit>UNIT)\s+ago"), _ago),
    (_pattern(r"vor\s+(?:etwa\s+)?(?:ein\s+(?=paar))?(?P<number>\d\d?\d?|NUMBER)\s+(?P<unit>UNIT)"), _ago),
    (_pattern(rf"(?:on\s+|am\s+)?(?:{_LAST}\s+)(?P<weekday>WEEKDAY)"), _weekday),
    (_pattern(r"(?:on|am)\s+(?P<weekday>WEEKDAY)"), _weekday),
    (_pattern(rf"(?:the\s+|in\s+the\s+|am\s+)?(?P<which>{_LAST}|{_THIS})\s+(?P<unit>UNIT)"), _relative),
)
