"""When something is to be: dates, and the few words that stand for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.state.errors import ToolError
from metahuman.tools.own.when import shifted, when, written

#: A Monday, in Berlin.
NOW = datetime(2026, 11, 23, 12, 21, 5, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("2026-11-27", "2026-11-27"),
        (" 2026-11-27 ", "2026-11-27"),
        ("2026-11-27T17:00", "2026-11-27T16:00:00.000Z"),
        ("2026-11-27 17:00:30", "2026-11-27T16:00:30.000Z"),
        ("2026-11-27T17:00:00Z", "2026-11-27T17:00:00.000Z"),
        ("2026-11-27T17:00:00-05:00", "2026-11-27T22:00:00.000Z"),
        ("2026-11-27 5pm", "2026-11-27T16:00:00.000Z"),
        ("today", "2026-11-23"),
        ("Tomorrow", "2026-11-24"),
        ("tomorrow at 9am", "2026-11-24T08:00:00.000Z"),
        ("5pm tomorrow", "2026-11-24T16:00:00.000Z"),
        ("tomorrow evening", "2026-11-24T17:00:00.000Z"),
        ("the day after tomorrow", "2026-11-25"),
        ("friday", "2026-11-27"),
        ("by Friday", "2026-11-27"),
        ("next friday 5pm", "2026-11-27T16:00:00.000Z"),
        ("Next Friday, 17:30", "2026-11-27T16:30:00.000Z"),
        ("monday", "2026-11-30"),
        ("Tue", "2026-11-24"),
        ("in 3 days", "2026-11-26"),
        ("in a week", "2026-11-30"),
        ("two weeks from now", "2026-12-07"),
        ("in 2 months", "2027-01-23"),
        ("in 2 hours", "2026-11-23T13:21:05.000Z"),
        ("next week", "2026-11-30"),
        ("this week", "2026-11-29"),
        ("end of month", "2026-11-30"),
        ("the end of the month", "2026-11-30"),
        ("next month", "2026-12-23"),
        ("end of year", "2026-12-31"),
        ("27 November", "2026-11-27"),
        ("1st of December", "2026-12-01"),
        ("Dec 24", "2026-12-24"),
        ("December 24th, 2027 at noon", "2027-12-24T11:00:00.000Z"),
        ("3 January", "2027-01-03"),
        ("29 February", "2028-02-29"),
        ("24.12.", "2026-12-24"),
        ("24.12.2027", "2027-12-24"),
        ("5pm", "2026-11-23T16:00:00.000Z"),
        ("9:30", "2026-11-24T08:30:00.000Z"),
        ("12am", "2026-11-23T23:00:00.000Z"),
        ("noon", "2026-11-24T11:00:00.000Z"),
        ("tonight", "2026-11-23T19:00:00.000Z"),
        ("tonight 9pm", "2026-11-23T20:00:00.000Z"),
        ("this evening", "2026-11-23T17:00:00.000Z"),
    ],
)
def test_what_is_understood(text: str, file: str) -> None:
    found = when(text, NOW)
    assert found.written() == file
    assert written(file, NOW) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "someday",
        "5",
        "may",
        "12/24/2026",
        "2026-02-30",
        "2026-13-01T09:00",
        "31 February",
        "tomorrow or friday",
        "friday 25:00",
        "13pm",
        "0pm tomorrow",
        "in 999999 years",
        "in many days",
        "in 5 hours 5pm",
        "in ² days",
        "2026-11-27T10:00 5pm",
        "0001-01-01T00:00+14:00",
        "9999-12-31",
        "27 November 0001",
        "in 999999 days",
        "\x00",
        "9" * 5000,
    ],
)
def test_what_is_not_understood_is_said_with_examples(text: str) -> None:
    with pytest.raises(ToolError, match="say for example 2026-11-27"):
        when(text, NOW)


@given(st.text(max_size=30) | st.from_regex(r"(in |next |end of |)[a-z0-9:. ]{1,20}", fullmatch=True))
def test_no_text_is_a_traceback(text: str) -> None:
    try:
        found = when(text, NOW)
    except ToolError:
        return
    assert found.at.tzinfo is not None


def test_a_moment_is_told_where_its_owner_is() -> None:
    assert when("2026-11-27T16:00:00Z", NOW).told(NOW) == "Fri 27 Nov, 17:00"
    assert when("2027-01-03", NOW).told(NOW) == "Sun 3 Jan 2027"


def test_a_whole_day_is_past_when_the_day_is_over() -> None:
    assert when("today", NOW).over == datetime(2026, 11, 24, tzinfo=NOW.tzinfo)
    assert when("2026-11-23T09:00", NOW).over == datetime(2026, 11, 23, 9, tzinfo=NOW.tzinfo)


def test_hours_are_counted_through_a_change_of_clocks() -> None:
    night = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert when("in 2 hours", night).at.astimezone(UTC) - night.astimezone(UTC) == timedelta(hours=2)


def test_any_time_zone_will_do() -> None:
    now = NOW.astimezone(timezone(timedelta(hours=-8)))
    assert when("2026-11-27T17:00", now).written() == "2026-11-28T01:00:00.000Z"


def test_a_month_that_is_too_short_gives_its_last_day() -> None:
    assert shifted(NOW.date().replace(month=10, day=31), 4, "month").isoformat() == "2027-02-28"
