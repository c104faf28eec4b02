"""When agents are due: over clocks that are set, hours that come twice or not at all, and machines that were asleep."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.agents.records import Record
from metahuman.agents.settings import Agent, AgentSettings, QuietHours
from metahuman.agents.timing import anchored, due, may_begin, next_run

BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
ZONES = (UTC, BERLIN, NEW_YORK, LORD_HOWE)
NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)  # a Sunday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def agent(*, quiet: str = "", zone: tzinfo = UTC, **said: Any) -> Agent:
    hours = QuietHours.model_validate(quiet) if quiet else None
    return Agent("a", AgentSettings.model_validate(said), hours, zone)


def is_due(it: Agent, record: Record, now: datetime, last_turn: datetime | None = None) -> bool:
    return due({"a": it}, {"a": record}, now, last_turn) == ["a"]


def at(text: str, zone: tzinfo = UTC, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def ran(moment: datetime) -> Record:
    return Record().begun(moment).done(moment, "")


def test_an_interval_counts_from_the_last_beginning() -> None:
    it = agent(interval="1h")
    assert is_due(it, Record(), NOON)
    assert not is_due(it, ran(NOON), NOON + HOUR - timedelta(seconds=1))
    assert is_due(it, ran(NOON), NOON + HOUR)


def test_what_was_missed_is_made_up_once() -> None:
    it = agent(at=["03:00", "15:00"])
    woken = NOON + 5 * DAY
    assert is_due(it, ran(NOON), woken)
    assert not is_due(it, ran(woken), woken + HOUR)
    assert next_run(it, ran(woken), woken, None).at == at("2026-05-22T15:00")


def test_one_that_never_ran_waits_for_its_time_of_day() -> None:
    it = agent(at="03:00")
    assert not is_due(it, Record(), NOON)
    seen = anchored(it, Record(), NOON)
    assert is_due(it, seen, at("2026-05-18T03:00"))


def test_quiet_alone_is_used_once() -> None:
    it, talked = agent(inactivity="10m"), NOON
    assert not is_due(it, Record(), NOON, None)
    assert not is_due(it, Record(), talked + timedelta(minutes=9), talked)
    later = talked + timedelta(minutes=10)
    assert is_due(it, Record(), later, talked)
    assert not is_due(it, ran(later), later + DAY, talked)
    assert is_due(it, ran(later), later + DAY, later + HOUR)


def test_quiet_and_an_interval_are_both_waited_for() -> None:
    it = agent(interval="1h", inactivity="10m")
    assert is_due(it, Record(), NOON, None)
    assert not is_due(it, ran(NOON), NOON + HOUR, NOON + HOUR - timedelta(minutes=1))
    assert is_due(it, ran(NOON), NOON + 2 * HOUR, NOON + HOUR)
    told = next_run(it, ran(NOON), NOON + HOUR, NOON + HOUR)
    assert told.at == NOON + HOUR + timedelta(minutes=10)
    assert "talked" in told.why


def test_nothing_begins_in_quiet_hours() -> None:
    it = agent(interval="1h", quiet="22:00-07:00", zone=BERLIN)
    night = at("2026-05-17T23:30", BERLIN)
    told = next_run(it, Record(), night, None)
    assert (told.at, told.why) == (at("2026-05-18T07:00", BERLIN), "quiet hours")
    assert not may_begin(it, night)
    assert may_begin(it, at("2026-05-18T07:00", BERLIN))


def test_days_of_the_week() -> None:
    it = agent(at="03:00", days=["monday", "Fri"])
    assert next_run(it, Record(), NOON, None).at == at("2026-05-18T03:00")
    assert next_run(it, ran(at("2026-05-18T03:00")), at("2026-05-18T04:00"), None).at == at("2026-05-22T03:00")
    hourly = agent(interval="1h", days=["tue"])
    assert next_run(hourly, Record(), NOON, None).at == at("2026-05-19T00:00")


def test_days_and_quiet_hours_that_leave_nothing_are_told() -> None:
    it = agent(interval="1h", days=["tue"], quiet="00:00-23:59")
    assert next_run(it, Record(), NOON, None).at is not None
    assert next_run(agent(interval="1h", enabled=False), Record(), NOON, None).why == "switched off"
    assert next_run(agent(), Record(), NOON, None).at is None


def test_a_time_that_the_clocks_jump_over_comes_an_hour_later() -> None:
    it, before = agent(at="02:30", zone=BERLIN), at("2026-03-28T12:00", BERLIN)
    assert next_run(it, ran(before), before, None).at == at("2026-03-29T03:30", BERLIN)


def test_a_time_that_comes_twice_counts_once() -> None:
    it = agent(at="02:30", zone=BERLIN)
    first, second = at("2026-10-25T02:30", BERLIN), at("2026-10-25T02:30", BERLIN, fold=1)
    assert second - first == HOUR
    assert is_due(it, ran(first - DAY), first)
    assert not is_due(it, ran(first), second)
    assert next_run(it, ran(first), second, None).at == at("2026-10-26T02:30", BERLIN)


def test_who_goes_first() -> None:
    agents = {name: agent(interval=60, priority=name) for name in ("low", "normal", "high")}
    assert due(agents, {}, NOON, None) == ["high", "normal", "low"]


def test_one_that_failed_is_tried_again_later_and_later_and_then_left() -> None:
    it, record, now, waits = agent(interval="1d", retries=2, backoff=60), Record(), NOON, []
    while True:
        record = record.begun(now).failed(now, "no", it.settings)
        if record.retry_at is None:
            break
        waits.append((record.retry_at - now).total_seconds())
        assert not is_due(it, record, record.retry_at - timedelta(seconds=1))
        assert is_due(it, record, record.retry_at)
        now = record.retry_at
    assert waits == [60, 120]
    assert not is_due(it, record, now + 23 * HOUR)
    assert is_due(it, record, now + DAY)


def test_one_that_was_stopped_is_as_due_as_before() -> None:
    it, record = agent(interval="1h"), ran(NOON - HOUR)
    assert is_due(it, record.begun(NOON).stopped(NOON, ""), NOON)


def test_a_clock_that_was_years_ahead_is_forgiven() -> None:
    ahead = ran(NOON + 3650 * DAY)
    for it, wait in ((agent(interval="1h"), HOUR), (agent(at="12:00"), 2 * DAY)):
        record = anchored(it, ahead, NOON)
        assert not is_due(it, record, NOON + wait - timedelta(seconds=1))
        assert is_due(it, record, NOON + wait)


@dataclass
class Machine:
    """A machine whose clock is set now and then; it looks at what is due, and each run is over at once."""

    it: Agent
    clock: datetime
    record: Record = field(default_factory=Record)
    lived: timedelta = timedelta()
    runs: list[tuple[timedelta, datetime]] = field(default_factory=list)

    def look(self) -> None:
        self.record = anchored(self.it, self.record, self.clock)
        if is_due(self.it, self.record, self.clock):
            self.record = ran(self.clock)
            self.runs.append((self.lived, self.clock))

    def live(self, seconds: float, *, asleep: bool = False) -> None:
        """Let time pass, with a look each half hour, or none while it is asleep."""
        left = timedelta(seconds=seconds)
        while left > timedelta():
            step = left if asleep else min(left, timedelta(minutes=30))
            self.clock, self.lived, left = self.clock + step, self.lived + step, left - step
            if not asleep:
                self.look()
        self.look()


#: What happens to a machine: it runs, it sleeps, or its clock is set back; by seconds.
HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(["runs", "sleeps", "set back"]), st.integers(1, 3 * 86_400)), min_size=1, max_size=8
)
#: Days around those on which clocks change in all of the zones.
STARTS = st.sampled_from(["2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31"]).flatmap(
    lambda day: st.integers(0, 3 * 86_400).map(lambda seconds: at(day) + timedelta(seconds=seconds))
)


def live(machine: Machine, happenings: list[tuple[str, int]]) -> None:
    machine.look()
    for kind, seconds in happenings:
        if kind == "set back":
            machine.clock -= timedelta(seconds=seconds)
            machine.look()
        else:
            machine.live(seconds, asleep=kind == "sleeps")


@settings(max_examples=30)
@given(start=STARTS, zone=st.sampled_from(ZONES), hours=st.sampled_from([1, 5, 30]), happenings=HAPPENINGS)
def test_never_twice_within_an_interval(
    start: datetime, zone: tzinfo, hours: int, happenings: list[tuple[str, int]]
) -> None:
    machine = Machine(agent(interval=f"{hours}h", zone=zone), start)
    live(machine, happenings)
    lived = [when for when, _ in machine.runs]
    assert all(later - earlier >= hours * HOUR for earlier, later in itertools.pairwise(lived))
    back = sum(1 for kind, _ in happenings if kind == "set back")
    machine.live(hours * 3600 * (1 + back))
    assert len(machine.runs) > len(lived)  # nothing keeps it from running for good


@settings(max_examples=30)
@given(start=STARTS, zone=st.sampled_from(ZONES), hour=st.sampled_from(["01:59", "02:30", "03:00", "12:00"]))
def test_once_a_day_whatever_the_clocks_do(start: datetime, zone: tzinfo, hour: str) -> None:
    machine = Machine(agent(at=hour, zone=zone), start)
    machine.look()
    machine.live(5 * 86_400)
    days = [clock.astimezone(zone).date() for _, clock in machine.runs]
    assert len(days) in (4, 5, 6)
    assert sorted(set(days)) == days
    assert all(later - earlier == DAY for earlier, later in itertools.pairwise(days))


@settings(max_examples=30)
@given(start=STARTS, zone=st.sampled_from(ZONES), happenings=HAPPENINGS)
def test_a_clock_set_back_makes_no_time_of_day_come_again(
    start: datetime, zone: tzinfo, happenings: list[tuple[str, int]]
) -> None:
    """A run that was missed is made up, so that two may be closer than a day, but no time of day counts twice."""
    machine = Machine(agent(at="02:30", zone=zone), start)
    live(machine, happenings)
    mornings = machine.lived // DAY + 2
    assert len(machine.runs) <= mornings
    before = len(machine.runs)
    machine.live(2.5 * 86_400)
    assert len(machine.runs) > before


@settings(max_examples=100)
@given(
    now=STARTS,
    counted=st.none() | STARTS,
    talked=st.none() | STARTS,
    zone=st.sampled_from(ZONES),
    quiet=st.sampled_from(["", "22:00-07:00", "02:10-02:50", "00:00-23:59"]),
    said=st.fixed_dictionaries(
        {},
        optional={
            "interval": st.sampled_from([60, 3600, 86_400]),
            "at": st.sampled_from([["02:30"], ["00:00", "02:59", "03:00"]]),
            "inactivity": st.sampled_from([60, 7200]),
            "days": st.sampled_from([["mon"], ["sat", "sun"]]),
        },
    ),
)
def test_what_is_said_to_come_next_does(
    now: datetime,
    counted: datetime | None,
    talked: datetime | None,
    zone: tzinfo,
    quiet: str,
    said: dict[str, Any],
) -> None:
    talked = talked and min(talked, now)
    it = agent(quiet=quiet, zone=zone, **said)
    record = anchored(it, replace(Record(), counted_from=counted), now)
    told = next_run(it, record, now, talked)
    if told.at is None:
        assert told.why
    elif told.at > now:
        assert not is_due(it, record, told.at - timedelta(seconds=1), talked)
        assert is_due(it, record, told.at, talked)
        assert may_begin(it, told.at)
    else:
        assert is_due(it, record, now, talked)
        assert may_begin(it, now)


@pytest.mark.parametrize("moment", [datetime(9999, 12, 31, 23, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_a_record_that_somebody_edited_does_no_harm(moment: datetime) -> None:
    for it in (agent(interval="1h"), agent(at="03:00"), agent(inactivity="1h")):
        record = anchored(it, Record(counted_from=moment, retry_at=moment), NOON)
        next_run(it, record, NOON, moment)
