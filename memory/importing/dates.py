"""Days as people write them over the entries of a journal, and in the names of its files."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, time
from typing import NamedTuple

from metahuman.memory.importing.values import YEARS

#: The months in English, German, French, Spanish, Italian, Portuguese and Dutch, without accents; each also by its
#: first three letters, where no other month begins so in any of them.
_MONTHS = (
    "january januar janvier enero gennaio janeiro januari ene gen janv",
    "february februar fevrier febrero febbraio fevereiro februari fev fevr",
    "march marz mars marzo marco maart mrz mrt mar",
    "april avril abril aprile avr abr",
    "may mai mayo maggio maio mei mag",
    "june juni juin junio giugno junho giu",
    "july juli juillet julio luglio julho juil lug jul",
    "august aout agosto augustus aou ago",
    "september septembre septiembre settembre setembro sept set",
    "october oktober octobre octubre ottobre outubro okt ott out",
    "november novembre noviembre novembro",
    "december dezember decembre diciembre dicembre dezembro dez dic",
)
_SHORT = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: month for month, names in enumerate(_MONTHS, 1) for name in [*names.split(), _SHORT[month - 1]]}

_WEEKDAY_NAMES = (
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miercoles jueves viernes sabado domingo "
    "lunedi martedi mercoledi giovedi venerdi segunda terca quarta quinta sexta feira "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"
)
WEEKDAYS = frozenset(_WEEKDAY_NAMES.split())

_YEAR, _DAY, _NAME = r"(?P<y>\d{4})", r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|\.|º)?", r"(?P<name>[^\W\d_]{3,10})\.?"
_WAYS = tuple(
    re.compile(way, re.IGNORECASE)
    for way in (
        rf"{_YEAR}(?P<sign>[-/._])(?P<m>\d{{1,2}})(?P=sign){_DAY}(?!\d)",
        rf"{_YEAR}年(?P<m>\d{{1,2}})月(?P<d>\d{{1,2}})日",
        rf"{_DAY}[\s-]*(?:of |de |d')?{_NAME},?[\s-]+(?:de |del )?{_YEAR}(?!\d)",
        rf"{_NAME}[\s-]+{_DAY},?[\s-]+{_YEAR}(?!\d)",
        rf"(?P<d>\d{{1,2}})\.\s?(?P<m>\d{{1,2}})\.\s?{_YEAR}(?!\d)",
    )
)
#: Two numbers, of which either may be the month.
_EITHER = re.compile(rf"(?P<a>\d{{1,2}})(?P<sign>[/-])(?P<b>\d{{1,2}})(?P=sign){_YEAR}(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)(?!\d)")
#: What may stand before a date: brackets and the like, and one word, as a weekday or "Journal".
_SIGNS = re.compile(r"[\W_]*")
_BEFORE = re.compile(r"[\W_]*(?:[^\W\d_]+[.,:]?\s+)?[\W_]*")
_CLOCK = re.compile(r"[\s,T@]*(?:at |um |a las )?(\d{1,2})[:h.](\d{2})(?::\d{2})?\s*([ap]m)?(?![\d.])", re.IGNORECASE)


class Dated(NamedTuple):
    """A line that begins with a day.

    Args:
        day: The day.
        clock: The time after it, if there is one.
        rest: What comes after both.
        sure: Whether the day could be read in one way only.
    """

    day: date
    clock: time | None
    rest: str
    sure: bool


def dated(text: str, *, day_first: bool | None) -> Dated | None:
    """Return the day with which a text begins, or None.

    Args:
        text: A heading, a line or a file's name.
        day_first: Whether 3/5/2024 is in May; None where nobody knows, and it is taken to be in March.
    """
    plain = _plain(text)
    for start in dict.fromkeys((_after(_SIGNS, plain), _after(_BEFORE, plain))):
        found = _at(plain, start, day_first)
        if found:
            day, end, sure = found
            clock, end = _clock(plain, end)
            return Dated(day, clock, _rest(text[end:]), sure)
    return None


def _rest(text: str) -> str:
    """Return what follows a date, without a weekday and what sets it off."""
    rest = text.strip(" \t\n*_#[]()-–—:,.|")  # noqa: RUF001
    words = re.findall(r"[^\W\d_]+", _plain(rest).casefold())
    return "" if words and all(word in WEEKDAYS for word in words) else rest


def day_in_path(path: str) -> date | None:
    """Return the day that a file is named after: 2024-05-03.md, 20240503.md, 2024/05/03.md, May 3rd, 2024.md."""
    stem = path.rpartition(".")[0] or path
    last = stem.rpartition("/")[2]
    found = dated(last.replace("_", "-"), day_first=None)
    if found and found.sure:
        return found.day
    compact = _COMPACT.search(last)
    tail = re.search(r"(?:^|/)(?P<y>\d{4})/(?:\d{4}-)?(?P<m>\d{1,2})[^/]*/(?P<d>\d{1,2})$", stem)
    return next((day for match in (compact, tail) if match and (day := _day(match["y"], match["m"], match["d"]))), None)


def order(text: str) -> bool | None:
    """Tell from the dates in a text whether its writer puts the day first; None where they do not tell."""
    pairs = [(int(found["a"]), int(found["b"])) for found in _EITHER.finditer(text)]
    first, second = any(a > 12 for a, _ in pairs), any(b > 12 for _, b in pairs)
    return first if first != second else None


def _at(plain: str, start: int, day_first: bool | None) -> tuple[date, int, bool] | None:
    """Return the day that stands at a place, where it ends, and whether it is sure."""
    for way in _WAYS:
        found = way.match(plain, start)
        if found:
            parts = found.groupdict()
            day = _day(parts["y"], parts.get("m") or str(MONTHS.get(parts.get("name", "").casefold(), 0)), parts["d"])
            if day:
                return day, found.end(), True
    found = _EITHER.match(plain, start)
    if not found:
        return None
    a, b, year = int(found["a"]), int(found["b"]), found["y"]
    first = day_first if day_first is not None and max(a, b) <= 12 else a > 12
    day = _day(year, str(b if first else a), str(a if first else b))
    return (day, found.end(), max(a, b) > 12 or day_first is not None or a == b) if day else None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day)) if int(year) in YEARS else None
    except ValueError:
        return None


def _clock(plain: str, start: int) -> tuple[time | None, int]:
    found = _CLOCK.match(plain, start)
    if not found:
        return None, start
    hour = int(found[1]) % 12 + 12 * (found[3].casefold() == "pm") if found[3] else int(found[1])
    try:
        return time(hour, int(found[2])), found.end()
    except ValueError:
        return None, start


def _plain(text: str) -> str:
    """Return a text without accents, sign for sign, so that places in it are those of the text."""
    return "".join(unicodedata.normalize("NFD", sign)[0] for sign in text)


def _after(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0
