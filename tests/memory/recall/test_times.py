"""When a question is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.memory.recall.times import times_in

#: A Monday.
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("what happened yesterday?", "2026-11-22", "2026-11-23"),
        ("today", "2026-11-23", "2026-11-24"),
        ("the day before yesterday", "2026-11-21", "2026-11-22"),
        ("last night", "2026-11-22", "2026-11-23"),
        ("last week", "2026-11-16", "2026-11-23"),
        ("this week", "2026-11-23", "2026-11-30"),
        ("last weekend", "2026-11-21", "2026-11-23"),
        ("last month", "2026-10-01", "2026-11-01"),
        ("last year", "2025-01-01", "2026-01-01"),
        ("last May", "2026-05-01", "2026-06-01"),
        ("last December", "2025-12-01", "2026-01-01"),
        ("in December", "2025-12-01", "2026-01-01"),
        ("in May", "2026-05-01", "2026-06-01"),
        ("in May 2023", "2023-05-01", "2023-06-01"),
        ("May, 2023", "2023-05-01", "2023-06-01"),
        ("in 2022", "2022-01-01", "2023-01-01"),
        ("7 May 2023", "2023-05-07", "2023-05-08"),
        ("on the 7th of May", "2026-05-07", "2026-05-08"),
        ("May 7th, 2023", "2023-05-07", "2023-05-08"),
        ("on December 24", "2025-12-24", "2025-12-25"),
        ("29 February 2024", "2024-02-29", "2024-03-01"),
        ("2023-05-07", "2023-05-07", "2023-05-08"),
        ("three weeks ago", "2026-11-02", "2026-11-09"),
        ("2 days ago", "2026-11-21", "2026-11-22"),
        ("a month ago", "2026-10-01", "2026-11-01"),
        ("two years ago", "2024-01-01", "2025-01-01"),
        ("last Tuesday", "2026-11-17", "2026-11-18"),
        ("on Monday", "2026-11-16", "2026-11-17"),
        ("gestern", "2026-11-22", "2026-11-23"),
        ("vorgestern", "2026-11-21", "2026-11-22"),
        ("letzte Woche", "2026-11-16", "2026-11-23"),
        ("letzten Montag", "2026-11-16", "2026-11-17"),
        ("vor drei Wochen", "2026-11-02", "2026-11-09"),
        ("vor einem Jahr", "2025-01-01", "2026-01-01"),
        ("im März 2024", "2024-03-01", "2024-04-01"),
        ("am 3. Mai", "2026-05-03", "2026-05-04"),
        ("LAST MONDAY", "2026-11-16", "2026-11-17"),
        ("on Fr\u0130day", "2026-11-20", "2026-11-21"),
        ("last Fr\u0131day", "2026-11-20", "2026-11-21"),
        ("10. ma\u0131", "2026-05-10", "2026-05-11"),
        ("th\u0131s week", "2026-11-23", "2026-11-30"),
    ],
)
def test_a_time_is_read(text: str, since: str, until: str) -> None:
    (span,) = times_in(f"well, {text} indeed", NOW).spans
    assert (f"{span.since:%Y-%m-%d}", f"{span.until:%Y-%m-%d}") == (since, until)
    assert times_in(f"well, {text} indeed", NOW).rest.split()[-1] == "indeed"


@pytest.mark.parametrize(
    "text",
    ["", "may I ask", "march on", "the second one", "31 June", "5000 years ago", "room 2022",
     "12345-01-01", "2023-13-01", "on my birthday", "the sun", "yesterdays"],
)  # fmt: skip
def test_what_is_no_time_is_left_alone(text: str) -> None:
    assert times_in(text, NOW) == ((), text)


def test_several_times_come_in_their_order() -> None:
    times = times_in("between May 2023 and last week, what did Anna do?", NOW)
    assert [f"{span.since:%Y-%m}" for span in times.spans] == ["2023-05", "2026-11"]
    assert times.rest == "between and , what did Anna do?"


def test_days_are_those_of_the_asker() -> None:
    east = NOW.replace(hour=1).astimezone(timezone(timedelta(hours=9)))
    (span,) = times_in("today", east).spans
    assert span.since.utcoffset() == timedelta(hours=9)
    assert span.since <= east < span.until


@settings(max_examples=50)
@given(st.text(max_size=60), st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)))
def test_nothing_written_breaks_it(text: str, now: datetime) -> None:
    assert all(span.since < span.until for span in times_in(text, now).spans)


@given(
    st.lists(
        st.sampled_from(
            [
                "last",
                "this",
                "31",
                "2",
                "may",
                "february",
                "in",
                "on",
                "2024",
                "99",
                "0",
                "years",
                "weeks",
                "days",
                "ago",
                "monday",
                ",",
                "vor",
            ]
        )
    )
)
def test_no_order_of_its_words_breaks_it(words: list[str]) -> None:
    assert all(span.since < span.until for span in times_in(" ".join(words), NOW).spans)
