"""What is known of a home's agents, for people and for programs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from metahuman.agents.loading import load_agents
from metahuman.agents.person import PersonTurns
from metahuman.agents.records import Record, Records
from metahuman.agents.settings import UNITS, Agent, AgentSettings
from metahuman.agents.silence import silent
from metahuman.agents.timing import Due, next_run
from metahuman.home import Home
from metahuman.state.moments import iso

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


@dataclass(frozen=True)
class Told:
    """One agent: what the files say of it, how it ran last, and when it runs next."""

    agent: Agent
    record: Record
    due: Due

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        record, settings = self.record, self.agent.settings
        return {
            "name": self.agent.name,
            "description": settings.description,
            "enabled": settings.enabled,
            "when": when(settings),
            "lastRun": record.last_run and iso(record.last_run),
            "lastEnded": record.last_ended and iso(record.last_ended),
            "ended": record.ended,
            "told": record.told,
            "failures": record.failures,
            "next": self.due.at and iso(self.due.at),
            "why": self.due.why,
        }


@dataclass(frozen=True)
class Table:
    """The agents of a home, whether all are paused or the mode keeps them from running, and what else its file has."""

    told: list[Told]
    paused: bool
    silent: bool
    others: list[str]

    def upcoming(self) -> list[Told]:
        """Return those of which it is known when they run next, the soonest first."""
        dated = [(one.due.at, number) for number, one in enumerate(self.told) if one.due.at]
        return [self.told[number] for _, number in sorted(dated)]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        told = [one.as_json() for one in self.told]
        return {"paused": self.paused, "silent": self.silent, "agents": told, "others": self.others}


def collect(home: Home, known: Collection[str], now: datetime) -> Table:
    """Return what is known of a home's agents.

    Args:
        home: The home.
        known: The names of those that this program has.
        now: The time.

    Raises:
        SettingError: If a file is wrong.
        StoreError: If it cannot be read.
    """
    agents, records, last_turn = load_agents(home, known), Records(home).read(), PersonTurns(home).last()
    told = []
    for name, agent in agents.known.items():
        record = records.get(name, Record())
        told.append(Told(agent, record, next_run(agent, record, now, last_turn)))
    return Table(told, agents.paused, silent(home), agents.others)


def when(settings: AgentSettings) -> str:
    """Return in words when an agent runs."""
    parts = []
    if settings.interval:
        parts.append(f"every {span(settings.interval)}")
    if settings.at:
        parts.append(f"at {', '.join(one.strftime('%H:%M') for one in settings.at)}")
    if settings.days:
        parts.append(f"on {', '.join(settings.days)}")
    if settings.inactivity:
        parts.append(f"after {span(settings.inactivity)} of quiet")
    if settings.run_on_boot:
        parts.append("at the start")
    return ", ".join(parts) or "only when asked to"


def span(seconds: float) -> str:
    """Return a time such as "1h 30m"; what is left below a second is not told."""
    parts = []
    for unit in reversed(UNITS):
        number, seconds = divmod(round(seconds), _SECONDS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return " ".join(parts) or "0s"
