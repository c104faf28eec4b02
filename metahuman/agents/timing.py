"""When an agent is due: nothing here looks at a clock or a file.

Moments are reckoned in UTC; only times of day and days of the week are those of a time zone. A time of day that a day
does not have, because clocks go forward, is an hour later by the clock; one that it has twice is the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from metahuman.agents.records import Record, backoff
from metahuman.agents.settings import DAYS, Agent

MIDNIGHT = time()
_PRIORITIES = ("high", "normal", "low")
#: Days ahead within which every day of the week and every time of day comes.
_AHEAD = 9


class Due(NamedTuple):
    """When an agent is due, and what it waits for in words; None where only something else can make it due."""

    at: datetime | None
    why: str


def due(
    agents: Mapping[str, Agent], records: Mapping[str, Record], now: datetime, last_turn: datetime | None
) -> list[str]:
    """Return the names of the agents that are due, those that go first before the others.

    However many runs were missed, an agent is due once.

    Args:
        agents: The agents.
        records: What is known of their runs.
        now: The time.
        last_turn: When a person's last turn ended.
    """
    moments = {name: next_run(agent, records.get(name, Record()), now, last_turn).at for name, agent in agents.items()}
    ready = [(moment, name) for name, moment in moments.items() if moment and moment <= now]
    return [name for _, name in sorted(ready, key=lambda one: _rank(agents[one[1]], *one))]


def _rank(agent: Agent, moment: datetime, name: str) -> tuple[int, datetime, str]:
    return _PRIORITIES.index(agent.settings.priority), moment, name


def next_run(agent: Agent, record: Record, now: datetime, last_turn: datetime | None) -> Due:
    """Return when an agent runs next, as far as that is known now; a moment that is past is one at which it was due."""
    settings = agent.settings
    if not settings.enabled:
        return Due(None, "switched off")
    if not settings.has_trigger:
        return Due(None, "runs only when it is asked to")
    at, why = _triggered(agent, anchored(agent, record, now), now, last_turn)
    if at is None:
        return Due(None, why)
    if settings.inactivity and last_turn:
        quiet = min(last_turn, now) + timedelta(seconds=settings.inactivity)
        at, why = (quiet, "waits until nobody has talked for a while") if quiet > max(at, now) else (at, why)
    return _allowed(agent, at, now, why)


def anchored(agent: Agent, record: Record, now: datetime) -> Record:
    """Return a record that runs can be reckoned from; where it differs, it is to be written.

    An agent that runs at times of day, and never ran, is counted from now. What lies in the future, because the clock
    was set back, is brought here: from now on a whole interval passes, or the next time of day is left out, so that no
    agent runs twice within one.
    """
    settings, counted, retry = agent.settings, record.counted_from, record.retry_at
    if retry:
        retry = min(retry, now + backoff(settings, max(record.failures, 1)))
    if counted is None and settings.at:
        counted = now
    elif counted and counted > now:
        counted = min(counted, next(_occurrences(agent, now)) if settings.at else now)
    return replace(record, counted_from=counted, retry_at=retry)


def _triggered(agent: Agent, record: Record, now: datetime, last_turn: datetime | None) -> tuple[datetime | None, str]:
    """Return when the agent's own times make it due, whatever else it waits for."""
    settings, counted = agent.settings, record.counted_from
    if record.retry_at:
        return record.retry_at, "tried again after a failure"
    if settings.at:
        return next(_occurrences(agent, counted or now)), ""
    if settings.interval:
        return counted + timedelta(seconds=settings.interval) if counted else now, ""
    if not settings.inactivity:
        return None, "runs when the agents are started"
    if last_turn is None or (counted and counted >= last_turn):
        return None, "waits for a person to talk"
    return min(last_turn, now), ""


def may_begin(agent: Agent, now: datetime) -> bool:
    """Tell whether neither quiet hours nor the day of the week keep an agent from running."""
    return _allowed(agent, now, now, "").at == now


def _allowed(agent: Agent, at: datetime, now: datetime, why: str) -> Due:
    """Move a moment out of quiet hours, and to a day on which the agent runs."""
    moment = max(at, now)
    for _ in range(_AHEAD):
        local = moment.astimezone(agent.zone)
        if agent.quiet and agent.quiet.cover(local.time()):
            moment, why = next(_times(moment, [agent.quiet.end], agent.zone)), "quiet hours"
        elif not _on_its_days(agent, moment):
            moment, why = next(_times(moment, [MIDNIGHT], agent.zone)), "not one of its days"
        else:
            return Due(at if moment <= now else moment, why)
    return Due(None, "its days and quiet hours leave no time")


def _on_its_days(agent: Agent, moment: datetime) -> bool:
    days = agent.settings.days
    return not days or DAYS[moment.astimezone(agent.zone).weekday()] in days


def _occurrences(agent: Agent, after: datetime) -> Iterator[datetime]:
    """Yield the agent's times of day after a moment, on its days."""
    return (moment for moment in _times(after, agent.settings.at, agent.zone) if _on_its_days(agent, moment))


def _times(after: datetime, times: Sequence[time], zone: tzinfo) -> Iterator[datetime]:
    """Yield, in UTC, the moments after another at which it is one of some times of day."""
    day = after.astimezone(zone).date() - timedelta(days=1)
    for number in range(_AHEAD):
        there = [datetime.combine(day + timedelta(days=number), one, zone) for one in times]
        # In the night in which clocks go forward, an hour that is not there may come after the next.
        yield from sorted(moment for moment in (one.astimezone(UTC) for one in there) if moment > after)
