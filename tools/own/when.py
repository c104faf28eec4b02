"""Reading when something is to be: a date, a date and a time, or a few plain words such as "next friday 5pm".

The whole text is understood or none of it: a due date that is half understood is worse than a question.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from metahuman.state.errors import ToolError
from metahuman.state.moments import iso

ACCEPTED = (
    "2026-11-27, 2026-11-27T17:00, 27 November, today, tomorrow, friday, next friday 5pm, in 3 days, in 2 hours, "
    "next week, end of month"
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_NUMBERS |= {"nine": 9, "ten": 10}
#: The hour that a part of the day stands for.
_HOURS = {"morning": 9, "noon": 12, "midday": 12, "afternoon": 15, "evening": 18, "night": 20}
#: Years outside of these are mistakes, and near the ends of the calendar no time zone can be reckoned with.
_YEARS = range(1900, 3000)


@dataclass(frozen=True)
class When:
    """A day, or a moment in it.

    Args:
        at: The moment, or the day's midnight, with the time zone of who asked.
        whole_day: Whether only the day was named.
    """

    at: datetime
    whole_day: bool = False

    @property
    def over(self) -> datetime:
        """The moment from which on it is past."""
        return self.at + timedelta(days=1) if self.whole_day else self.at

    def written(self) -> str:
        """Return it as files hold it: a date, or a moment as every file has it."""
        return self.at.date().isoformat() if self.whole_day else iso(self.at)

    def told(self, now: datetime) -> str:
        """Return it for people, such as "Fri 27 Nov, 17:00"; the year is told where it is another than now's."""
        year = "" if self.at.year == now.year else f" {self.at.year}"
        clock = "" if self.whole_day else f", {self.at:%H:%M}"
        return f"{self.at:%a} {self.at.day} {self.at:%b}{year}{clock}"


def when(text: str, now: datetime) -> When:
    """Return what a text says, as seen from `now`.

    A weekday, with "next" before it or not, is the first such day after today. A day without a year is the next to
    come. A time of day alone is the next to come.

    Args:
        text: An ISO date or moment, or words; see `ACCEPTED`. A moment without a time zone is in that of `now`.
        now: The moment, with the time zone of who asks.

    Raises:
        ToolError: If it is none of these.
    """
    found = written(text, now)
    if found is None:
        words = " ".join(re.sub(r",|\b(?:at|on|by|the)\b", " ", text[:200].casefold()).split())
        try:
            found = _in_words(words, now)
        except (ValueError, OverflowError):
            found = None
    if found is None or found.at.year not in _YEARS:
        raise ToolError(f"{text[:60]!r} names no day or time that is understood; say for example {ACCEPTED}")
    return found


def written(text: str, now: datetime) -> When | None:
    """Return what an ISO date or moment says, in the time zone of `now`; None if the text is neither."""
    text = text.strip()
    try:
        if not text[:4].isdecimal() or int(text[:4]) not in _YEARS:
            return None
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return _day(date.fromisoformat(text), now)
        if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text):
            moment = datetime.fromisoformat(text)
            return When(moment.astimezone(now.tzinfo) if moment.tzinfo else moment.replace(tzinfo=now.tzinfo))
    except (ValueError, OverflowError):
        pass
    return None


def _in_words(words: str, now: datetime) -> When | None:
    if span := _span(words, now):
        return span
    rest, clock = _clock(words)
    if clock is None:
        return _named_day(words, now)
    day = _named_day(rest, now) if rest else _next(clock, now)
    return When(datetime.combine(day.at.date(), clock, now.tzinfo)) if day and day.whole_day else None


def _span(words: str, now: datetime) -> When | None:
    """Read "in 3 days", "2 hours from now"; days and longer are whole days."""
    match = re.fullmatch(r"(?:in )?(\w+) (minute|hour|day|week|month|year)s?(?: from (?:now|today))?", words)
    number = _number(match[1]) if match else None
    if match is None or number is None:
        return None
    unit = match[2]
    if unit in ("minute", "hour"):
        later = now.astimezone(UTC) + timedelta(**{f"{unit}s": number})
        return When(later.astimezone(now.tzinfo).replace(microsecond=0))
    return _day(shifted(now.date(), number, unit), now)


def shifted(day: date, number: int, unit: str) -> date:
    """Return the day so many days, weeks, months or years later; a month that is too short gives its last day.

    Raises:
        ValueError: If it leads out of the calendar; also OverflowError.
    """
    if unit in ("day", "week"):
        return day + timedelta(days=number * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 + number * (12 if unit == "year" else 1)
    first = date(months // 12, months % 12 + 1, 1)
    return first.replace(day=min(day.day, _last(first).day))


def _number(word: str) -> int | None:
    return int(word) if re.fullmatch(r"[0-9]{1,6}", word) else _NUMBERS.get(word)


def _clock(words: str) -> tuple[str, time | None]:
    """Take the time of day out of words; return the others, and the time."""
    for pattern in (r"\b(\d{1,2}):(\d\d)( ?[ap]m)?\b", r"\b(\d{1,2})()( ?[ap]m)\b"):
        if match := re.search(pattern, words):
            hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").strip()
            if half and not 1 <= hour <= 12:
                return words, None
            hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
            return _without(words, match), time(hour, minute)
    if words == "tonight" or words.startswith("this "):
        words = words.replace("tonight", "today night").replace("this ", "today ", 1)
    if match := re.search(rf"\b({'|'.join(_HOURS)})$", words):
        return _without(words, match), time(_HOURS[match[1]])
    return words, None


def _without(words: str, match: re.Match[str]) -> str:
    return " ".join(f"{words[: match.start()]} {words[match.end() :]}".split())


def _next(clock: time, now: datetime) -> When:
    today = datetime.combine(now.date(), clock, now.tzinfo)
    return _day(now.date() + timedelta(days=today <= now), now)


def _named_day(words: str, now: datetime) -> When | None:
    today = now.date()
    if words in _PLAIN:
        return _day(_PLAIN[words](today), now)
    if (match := re.fullmatch(r"(?:this |next |coming )?([a-z]+)", words)) and (weekday := _called(match[1], DAYS)):
        return _day(today + timedelta(days=(weekday - 1 - today.weekday() - 1) % 7 + 1), now)
    if found := _calendar_day(words):
        year, month, number = found
        return _day(_coming(today, month, number) if year is None else date(year, month, number), now)
    return written(words, now)


def _calendar_day(words: str) -> tuple[int | None, int, int] | None:
    """Return the year, if it is named, the month and the day of "27 november", "nov 27th 2026", "27.11."."""
    if match := re.fullmatch(r"(\d{1,2})\. ?(\d{1,2})\.(?: ?(\d{4}))?", words):
        return _year(match[3]), int(match[2]), int(match[1])
    ordinal, name, year = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?", r"(?P<month>[a-z]{3,9})\.?", r"(?: (?P<year>\d{4}))?"
    match = re.fullmatch(rf"{ordinal} (?:of )?{name}{year}", words) or re.fullmatch(rf"{name} {ordinal}{year}", words)
    month = _called(match["month"], MONTHS) if match else None
    return (_year(match["year"]), month, int(match["day"])) if match and month else None


def _year(digits: str | None) -> int | None:
    return int(digits) if digits else None


def _coming(today: date, month: int, number: int) -> date:
    """Return the next such day: within eight years there is a 29 February."""
    for year in range(today.year, today.year + 9):
        try:
            if (day := date(year, month, number)) >= today:
                return day
        except ValueError:
            continue
    raise ValueError(number)


def _called(word: str, names: tuple[str, ...]) -> int | None:
    """Return the place, from 1 on, of the name that `word` is, or shortens to three letters or more."""
    return next((place for place, name in enumerate(names, 1) if len(word) > 2 and name.startswith(word)), None)


def _day(day: date, now: datetime) -> When:
    return When(datetime.combine(day, time(), now.tzinfo), whole_day=True)


def _last(day: date) -> date:
    """Return the last day of a day's month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _sunday(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())


_PLAIN: dict[str, Callable[[date], date]] = {
    "today": lambda day: day,
    "tonight": lambda day: day,
    "end of day": lambda day: day,
    "tomorrow": lambda day: day + timedelta(days=1),
    "yesterday": lambda day: day - timedelta(days=1),
    "day after tomorrow": lambda day: day + timedelta(days=2),
    "this week": _sunday,
    "end of week": _sunday,
    "end of this week": _sunday,
    "next week": lambda day: day + timedelta(days=7),
    "end of next week": lambda day: _sunday(day) + timedelta(days=7),
    "next month": lambda day: shifted(day, 1, "month"),
    "this month": _last,
    "end of month": _last,
    "end of this month": _last,
    "end of next month": lambda day: _last(shifted(day, 1, "month")),
    "next year": lambda day: shifted(day, 1, "year"),
    "end of year": lambda day: day.replace(month=12, day=31),
    "end of this year": lambda day: day.replace(month=12, day=31),
}
