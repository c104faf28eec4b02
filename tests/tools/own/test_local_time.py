"""The machine's own time zone, through the changes of its clocks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from metahuman.tools.own.local_time import HERE
from metahuman.tools.own.when import when

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_a_date_in_winter_has_the_offset_of_winter() -> None:
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC).astimezone(HERE)
    assert (summer.hour, summer.tzname()) == (14, "CEST")
    assert when("2026-12-24 17:00", summer).written() == "2026-12-24T16:00:00.000Z"
    assert when("2026-12-24T16:00:00Z", summer).told(summer) == "Thu 24 Dec, 17:00"


@pytest.mark.usefixtures("in_berlin")
def test_it_is_the_zone_of_the_system_at_every_hour() -> None:
    first = datetime(2026, 10, 24, 20, 30, tzinfo=UTC)
    for hour in range(12):
        moment = first + timedelta(hours=hour)
        assert moment.astimezone(HERE).replace(tzinfo=None) == moment.astimezone(BERLIN).replace(tzinfo=None)
        assert moment.astimezone(HERE).astimezone(UTC) == moment
