"""`state/agents.json`: when each agent ran last, how that ended, and what is to follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic.alias_generators import to_camel

from metahuman.agents.settings import AgentSettings
from metahuman.home import Home
from metahuman.state.ages import moment_of
from metahuman.state.files import read_json, update_json
from metahuman.state.moments import iso

Ended = Literal["running", "done", "failed", "stopped"]
#: The most seconds between two tries.
LONGEST_BACKOFF = 3_600.0


@dataclass(frozen=True)
class Record:
    """What is known of an agent's runs; moments are in UTC.

    Args:
        last_run: When the last one began.
        last_ended: When it ended.
        ended: How: `running` is also what a crash leaves, `stopped` what was stopped from outside.
        told: What came of it, or what went wrong, in one line.
        counted_from: From when on the next one is reckoned: the beginning of the last that came to its end.
        failures: How often it failed in a row.
        retry_at: When it is tried again, if it failed.
        next: When it was due next, as of the last look; for people to read.
    """

    last_run: datetime | None = None
    last_ended: datetime | None = None
    ended: Ended | None = None
    told: str = ""
    counted_from: datetime | None = None
    failures: int = 0
    retry_at: datetime | None = None
    next: datetime | None = None

    def begun(self, now: datetime) -> Record:
        """Return this with a run that begins now."""
        return replace(self, last_run=now, last_ended=None, ended="running", told="", retry_at=None, next=None)

    def done(self, now: datetime, told: str) -> Record:
        """Return this with the run that has come to its end."""
        began = self.last_run or now
        return replace(self, last_ended=now, ended="done", told=told, counted_from=began, failures=0, retry_at=None)

    def failed(self, now: datetime, told: str, settings: AgentSettings) -> Record:
        """Return this with the run that failed: it is tried again after a while, or not before it is due again."""
        failures = self.failures + 1
        again = failures <= settings.again
        return replace(
            self,
            last_ended=now,
            ended="failed",
            told=told,
            counted_from=self.last_run or now,
            failures=failures if again else 0,
            retry_at=now + backoff(settings, failures) if again else None,
        )

    def stopped(self, now: datetime, told: str) -> Record:
        """Return this with the run that was stopped: it is as due as it was before."""
        return replace(self, last_ended=now, ended="stopped", told=told)


def backoff(settings: AgentSettings, failures: int) -> timedelta:
    """Return how long is waited after so many failures in a row."""
    return timedelta(seconds=min(settings.backoff * 2.0 ** min(failures - 1, 30), LONGEST_BACKOFF))


class Records:
    """The records of a home, for any number of processes.

    Args:
        home: The home.
    """

    def __init__(self, home: Home) -> None:
        self.path: Path = home.root / "state" / "agents.json"

    def read(self) -> dict[str, Record]:
        """Return every agent's record.

        Raises:
            SettingError: If the file holds no JSON object.
            StoreError: If it cannot be read.
        """
        known = read_json(self.path).get("agents") if self.path.exists() else None
        return {name: _record(said) for name, said in known.items()} if isinstance(known, Mapping) else {}

    def change(self, name: str, change: Callable[[Record], Record]) -> Record:
        """Make another record of an agent's, with no other process in between; the rest of the file stays.

        Raises:
            SettingError: If the file holds no JSON object.
            StoreError: If it cannot be written.
        """
        with update_json(self.path) as file:
            known = file["agents"] if isinstance(file.get("agents"), dict) else {}
            record = change(_record(known.get(name)))
            file["agents"] = {**known, name: _as_json(record)}
        return record


def _record(said: object) -> Record:
    """Return a record; what in it makes no sense is left out."""
    if not isinstance(said, Mapping):
        return Record()
    ended, told, failures = said.get("ended"), said.get("told"), said.get("failures")
    return Record(
        ended=ended if ended in get_args(Ended) else None,
        told=told if isinstance(told, str) else "",
        failures=failures if isinstance(failures, int) and 0 <= failures <= 100 else 0,
        **{name: moment_of(said.get(to_camel(name))) for name in _MOMENTS},
    )


def _as_json(record: Record) -> dict[str, Any]:
    said = asdict(record).items()
    return {to_camel(name): iso(value) if isinstance(value, datetime) else value for name, value in said}


_MOMENTS = ("last_run", "last_ended", "counted_from", "retry_at", "next")
