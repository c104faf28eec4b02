"""Days as people write them."""

from __future__ import annotations

from datetime import date, time

import pytest

from metahuman.memory.importing import dates as import_dates
from metahuman.memory.importing.dates import MONTHS, dated, day_in_path, order

MAY = date(2024, 5, 3)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-03",
        "2024/05/03",
        "2024.5.3",
        "[[2024-05-03]]",
        "**2024-05-03**",
        "3 May 2024",
        "3rd of May 2024",
        "03-May-2024",
        "May 3, 2024",
        "May 3rd, 2024",
        "Friday, May 3rd, 2024",
        "Friday 3 May 2024",
        "Journal: 2024-05-03",
        "📓 3 May 2024",
        "3. Mai 2024",
        "Freitag, 3.5.2024",
        "03.05.2024",
        "3 mai 2024",
        "vendredi 3 mai 2024",
        "3 de mayo de 2024",
        "3 maggio 2024",
        "3 de maio de 2024",
        "vrijdag 3 mei 2024",
        "2024年5月3日",
    ],
)
def test_a_day_is_read(text: str) -> None:
    found = dated(text, day_first=None)
    assert found is not None
    assert (found.day, found.clock, found.rest, found.sure) == (MAY, None, "", True)


@pytest.mark.parametrize(
    ("text", "rest", "clock"),
    [
        ("3 May 2024 — a walk in Sintra", "a walk in Sintra", None),
        ("2024-05-03 (Friday)", "", None),
        ("2024-05-03, Fri.", "", None),
        ("2024-05-03T14:30:00", "", time(14, 30)),
        ("3 May 2024, 2:30 pm: lunch", "lunch", time(14, 30)),
        ("3. Mai 2024 um 14:30 Uhr", "Uhr", time(14, 30)),
        ("2024-05-03 12:05 am", "", time(0, 5)),
        ("2024-05-03 99:99", "99:99", None),
    ],
)
def test_what_follows_a_day_is_told(text: str, rest: str, clock: time | None) -> None:
    found = dated(text, day_first=None)
    assert found is not None
    assert (found.day, found.rest, found.clock) == (MAY, rest, clock)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "May",
        "2024",
        "May 2024",
        "Plans for 3 May 2024",
        "32 May 2024",
        "2024-13-03",
        "2024-02-30",
        "3 Market 2024",
        "0001-01-01",
    ],
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert dated(text, day_first=None) is None


@pytest.mark.parametrize(
    ("text", "day_first", "day", "sure"),
    [
        ("05/03/2024", None, MAY, False),
        ("03/05/2024", True, MAY, True),
        ("05/03/2024", False, MAY, True),
        ("5-3-2024", False, MAY, True),
        ("13/05/2024", None, date(2024, 5, 13), True),
        ("05/13/2024", True, date(2024, 5, 13), True),
        ("04/04/2024", None, date(2024, 4, 4), True),
    ],
)
def test_two_numbers_are_read_as_the_writer_does(text: str, *, day_first: bool | None, day: date, sure: bool) -> None:
    found = dated(text, day_first=day_first)
    assert found is not None
    assert (found.day, found.sure) == (day, sure)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("03/05/2024 13/05/2024", True),
        ("05/03/2024 05/13/2024", False),
        ("03/05/2024", None),
        ("13/05/2024 05/13/2024", None),
    ],
)
def test_a_file_tells_whether_its_writer_puts_the_day_first(text: str, *, first: bool | None) -> None:
    assert order(text) is first


@pytest.mark.parametrize(
    "path",
    [
        "2024-05-03.md",
        "2024_05_03.md",
        "journals/2024_05_03.md",
        "20240503.md",
        "note 20240503.md",
        "2024/05/03.md",
        "2024/2024-05/2024-05-03-Friday.md",
        "2024/05-May/03.md",
        "diary/2024/5/3.md",
        "May 3rd, 2024.md",
        "2024-05-03 a walk.md",
        "2024-05-03",
    ],
)
def test_a_file_is_named_after_a_day(path: str) -> None:
    assert day_in_path(path) == MAY


@pytest.mark.parametrize(
    "path", ["notes.md", "2024.md", "2024-05.md", "05-03-2024.md", "12345678.md", "2024/99/99.md", "x/y/z.md"]
)
def test_other_names_tell_no_day(path: str) -> None:
    assert day_in_path(path) is None


def test_no_name_stands_for_two_months() -> None:
    for month, (names, short) in enumerate(zip(import_dates._MONTHS, import_dates._SHORT, strict=True), 1):
        assert {MONTHS[name] for name in (*names.split(), short)} == {month}
