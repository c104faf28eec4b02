"""`etc/agents.json`: what the twin does by itself, and when.

The file has the shape of MetaHuman OS, so that one of its own is understood as far as it means the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time, timedelta, tzinfo
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from metahuman.tools.own.local_time import HERE

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: What MetaHuman OS calls a trigger, and the key that goes with it here.
TYPES = {"interval": "interval", "time-of-day": "at", "activity": "inactivity"}
_PARTS = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_TIME = re.compile(r"\d?\d:\d\d")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def _seconds(value: object) -> object:
    """Take "90s", "6h" or "1h30m" for seconds."""
    if not isinstance(value, str):
        return value
    text = value.replace(" ", "")
    if not _PARTS.fullmatch(text):
        raise ValueError(f'{value!r} is no time: say seconds, or "90s", "30m", "6h", "1d"')
    return sum(timedelta(**{UNITS[unit]: float(number)}).total_seconds() for number, unit in _PART.findall(text))


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _of_day(value: object) -> object:
    if not isinstance(value, str) or not _TIME.fullmatch(value.strip()):
        raise ValueError('a time of day is written "03:00"')
    return value.strip().zfill(5)


def _short_day(value: object) -> object:
    return value.strip().lower()[:3] if isinstance(value, str) else value


#: Seconds, or a text such as "6h"; at most a year.
Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=366 * 86_400)]
TimeOfDay = Annotated[time, BeforeValidator(_of_day)]
Day = Annotated[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], BeforeValidator(_short_day)]


class _Part(BaseModel):
    """A part of the file; keys that this program does not know are kept, for a newer one may."""

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel, populate_by_name=True)


class QuietHours(_Part):
    """A time of day in which nothing begins; one that ends before it starts goes past midnight."""

    enabled: bool = True
    start: TimeOfDay
    end: TimeOfDay

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        """Take "22:00-08:00" for both ends."""
        start, dash, end = value.partition("-") if isinstance(value, str) else ("", "", "")
        return {"start": start.strip(), "end": end.strip()} if dash else value

    def cover(self, moment: time) -> bool:
        """Tell whether a time of day is one of them."""
        if not self.enabled or self.start == self.end:
            return False
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


class AgentSettings(_Part):
    """What the file says of one agent.

    Args:
        description: What it does.
        enabled: Whether it runs by itself.
        type: The trigger that counts, as MetaHuman OS calls it; without one, all that are named hold together.
        interval: Seconds from one beginning to the next.
        at: Times of day.
        inactivity: Seconds since the end of a person's last turn; alone, it runs once after each stretch of talking.
        days: Days of the week; none stands for all.
        quiet_hours: Its own, in place of everybody's; False for none.
        retries: How often it is tried again after it failed.
        backoff: Seconds before the first time, doubled with each.
        timeout: Seconds that it may take.
        run_on_boot: Whether it runs when the agents are started.
        priority: Who goes first of those that are due.
        auto_restart: False for no retries, whatever `retries` says.
    """

    description: str = ""
    enabled: bool = True
    type: str | None = None
    interval: Seconds | None = None
    at: Annotated[tuple[TimeOfDay, ...], BeforeValidator(_listed)] = Field(
        (), validation_alias=AliasChoices("at", "schedule")
    )
    inactivity: Seconds | None = Field(None, validation_alias=AliasChoices("inactivity", "inactivityThreshold"))
    days: Annotated[tuple[Day, ...], BeforeValidator(_listed)] = ()
    quiet_hours: QuietHours | Literal[False] | None = None
    retries: Annotated[int, Field(ge=0, le=100, validation_alias=AliasChoices("retries", "maxRetries"))] = 2
    backoff: Seconds = 60.0
    timeout: Seconds = 3_600.0
    run_on_boot: bool = False
    priority: Literal["low", "normal", "high"] = "normal"
    auto_restart: bool = True

    @model_validator(mode="before")
    @classmethod
    def _one_trigger(cls, value: object) -> object:
        """Leave out triggers that the type says do not count, as MetaHuman OS does."""
        if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
            return value
        left = triggers(TYPES.get(value["type"], ""))
        return {key: said for key, said in value.items() if key not in left}

    @property
    def again(self) -> int:
        """How often it is tried again after it failed."""
        return self.retries if self.auto_restart else 0

    @property
    def has_trigger(self) -> bool:
        """Whether it ever runs by itself."""
        return bool(self.interval or self.at or self.inactivity or self.run_on_boot)


class GlobalSettings(_Part):
    """What holds for all agents.

    Args:
        pause_all: Whether none begins.
        quiet_hours: When none begins.
        concurrency: How many run at once.
        timezone: The zone of all times of day; the machine's own where none is named.
    """

    pause_all: bool = False
    quiet_hours: QuietHours | Literal[False] | None = None
    concurrency: Annotated[
        int, Field(ge=1, le=16, validation_alias=AliasChoices("concurrency", "maxConcurrentAgents"))
    ] = 1
    timezone: str | None = None

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        try:
            return name and ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"no time zone is called {name!r}") from None


class AgentsFile(_Part):
    """What the files say, the owner's over the shipped one."""

    global_settings: GlobalSettings = GlobalSettings()
    agents: dict[str, AgentSettings] = Field(default_factory=dict)


class Agent(NamedTuple):
    """An agent, with all that decides when it runs."""

    name: str
    settings: AgentSettings
    quiet: QuietHours | None
    zone: tzinfo


def triggers(but: str = "") -> set[str]:
    """Return every key that names a trigger, but those of one."""
    names = {"interval": {"interval"}, "at": {"at", "schedule"}, "inactivity": {"inactivity", "inactivityThreshold"}}
    return {key for trigger, keys in names.items() if trigger != but for key in keys}


def agents_of(file: AgentsFile) -> dict[str, Agent]:
    """Return the agents of the files by name, with what holds for all of them."""
    everybody = file.global_settings
    zone: tzinfo = ZoneInfo(everybody.timezone) if everybody.timezone else HERE
    return {
        name: Agent(name, settings, _hours(settings.quiet_hours, everybody.quiet_hours), zone)
        for name, settings in file.agents.items()
    }


def _hours(own: QuietHours | Literal[False] | None, of_all: QuietHours | Literal[False] | None) -> QuietHours | None:
    said: Any = of_all if own is None else own
    return said or None
