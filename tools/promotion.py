"""Earned trust: what the audit log says for a higher trust level, or for a lower one.

It only proposes; a person accepts. The steps are those that MetaHuman OS describes for its own levels: from looking to
suggesting after a week without a failure; from there to acting when four of five suggestions were approved and none
that risks something was refused; to acting alone when 95 of 100 calls went well without anyone's help, and nothing was
undone for a month. How many calls are enough to say so, and what speaks for a step down, is this program's choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from metahuman.state.approvals import HUMAN
from metahuman.state.context import TRUSTS, Trust
from metahuman.state.errors import SettingError
from metahuman.state.files import update_json

#: The events that bear on trust.
EVENTS = frozenset({"tool_called", "approval_answered", "turn_undone", "trust_changed"})
_Share = Annotated[float, Field(gt=0, le=1)]
_Count = Annotated[int, Field(ge=1)]


class Ladder(BaseModel):
    """What each step takes: `ladder` in `etc/trust.json`.

    Args:
        days: From `observe`: so many days of use on which nothing failed.
        approved: From `suggest`: the share of suggestions that was approved.
        suggestions: From `suggest`: how many were answered at least.
        succeeded: From `supervised_auto`: the share of calls that went well without help.
        actions: From `supervised_auto`: how many there were at least.
        clean_days: From `supervised_auto`: days since something was undone.
        undone: Down: so many turns that were undone within `recent_days`.
        failed: Down: the share of calls within `recent_days` that failed or were refused by a person.
        recent_days: How far back these two look.
    """

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel, populate_by_name=True)

    days: _Count = 7
    approved: _Share = 0.8
    suggestions: _Count = 20
    succeeded: _Share = 0.95
    actions: _Count = 50
    clean_days: _Count = 30
    undone: _Count = 2
    failed: _Share = 0.3
    recent_days: _Count = 7


class Event(NamedTuple):
    """An event of the audit log: when, what, and its details."""

    at: datetime
    name: str
    details: Mapping[str, Any]


@dataclass
class Evidence:
    """What happened at a level.

    Args:
        since: From when on the level holds, or else the first call; None if there was none.
        days: The days (UTC) on which calls were made.
        bad: The days on which calls failed, or turns were undone.
        approved: Suggestions that a person approved.
        declined: Those that a person refused.
        risky: Those of them that risk more than little.
        edited: Those that were approved with other arguments.
        done: Calls that ended well, in turns that stand.
        failed: Calls that failed, or of which nobody knows how they ended.
        undone: Turns that were undone.
    """

    since: datetime | None = None
    days: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    approved: int = 0
    declined: int = 0
    risky: int = 0
    edited: int = 0
    done: dict[str, int] = field(default_factory=dict)
    failed: int = 0
    undone: list[datetime] = field(default_factory=list)

    @property
    def clean(self) -> int:
        """On how many days of use nothing failed."""
        return len(self.days - self.bad)

    @property
    def answered(self) -> int:
        """How many suggestions a person answered."""
        return self.approved + self.declined

    @property
    def actions(self) -> int:
        """How many calls were made or declined."""
        return sum(self.done.values()) + self.failed + self.declined

    @property
    def well(self) -> int:
        """How many calls went well without anyone's help."""
        return max(sum(self.done.values()) - self.edited, 0)


class Condition(NamedTuple):
    """What a step takes, how it stands, and whether that is enough."""

    what: str
    stands: str
    wanted: str
    met: bool


class Proposal(NamedTuple):
    """A step that the evidence speaks for: up or down, to which level, and why."""

    way: Literal["up", "down"]
    level: Trust
    why: tuple[str, ...]


def evidence(events: Iterable[Event], mode: str) -> Evidence:
    """Return what happened since the level of `mode` was last changed.

    Args:
        events: Of `EVENTS`, oldest first; others do not matter.
        mode: The cognitive mode whose level it is.
    """
    found = Evidence()
    for event in events:
        if event.details.get("mode", mode) != mode:
            continue
        if event.name == "trust_changed":
            found = Evidence(since=event.at)
        elif event.name == "tool_called":
            _called(found, event)
        elif event.name == "approval_answered":
            _answered(found, event.details)
        elif event.name == "turn_undone":
            _undone(found, event)
    return found


def ladder_of(file: Path, part: Mapping[str, Any]) -> Ladder:
    """Return the thresholds that a settings file names; those that it leaves out are as shipped.

    Args:
        file: The file, for the message.
        part: Its part `ladder`.

    Raises:
        SettingError: If one is wrong.
    """
    try:
        return Ladder.model_validate(part)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(map(str, ("ladder", *problem["loc"])))
        raise SettingError(file, key, problem["msg"], "see docs/tools.md, or remove the key") from None


def conditions(level: Trust, found: Evidence, ladder: Ladder, now: datetime) -> list[Condition]:
    """Return what the next step up takes, and how that stands; nothing at the top."""
    if level == "observe":
        return [_at_least("days of use on which nothing failed", found.clean, ladder.days)]
    if level == "suggest":
        return [
            _at_least("suggestions answered", found.answered, ladder.suggestions),
            _share("suggestions approved", found.approved, found.answered, ladder.approved),
            Condition("refused though of more than low risk", str(found.risky), "0", not found.risky),
        ]
    if level == "supervised_auto":
        quiet = _days_since(max(found.undone, default=found.since), now)
        return [
            _at_least("calls", found.actions, ladder.actions),
            _share("went well without help", found.well, found.actions, ladder.succeeded),
            _at_least("days at this level without an undo", quiet, ladder.clean_days),
        ]
    return []


def propose(level: Trust, found: Evidence, recent: Evidence, ladder: Ladder, now: datetime) -> Proposal | None:
    """Return the step that the evidence speaks for, if any; a reason to step down outweighs all others.

    Args:
        level: The level that holds.
        found: What happened at it.
        recent: What of that happened in the last `ladder.recent_days`.
        ladder: The thresholds.
        now: The moment.
    """
    place = TRUSTS.index(level)
    if place and (why := _against(recent, ladder)):
        return Proposal("down", TRUSTS[place - 1], tuple(why))
    wanted = conditions(level, found, ladder, now)
    if not wanted or not all(one.met for one in wanted):
        return None
    return Proposal("up", TRUSTS[place + 1], tuple(f"{one.what}: {one.stands} ({one.wanted})" for one in wanted))


def recent_of(events: Iterable[Event], ladder: Ladder, now: datetime) -> list[Event]:
    """Return the events of the last days that count for a step down, and every change of a level."""
    first = now - timedelta(days=ladder.recent_days)
    return [event for event in events if event.at >= first or event.name == "trust_changed"]


def write_level(file: Path, mode: str, level: Trust) -> None:
    """Write the level of a mode into the owner's `etc/trust.json`; all else in it stays.

    Raises:
        SettingError: If the file is wrong.
        StoreError: If it cannot be written.
    """
    with update_json(file) as content:
        levels = content.setdefault("trust", {})
        if not isinstance(levels, dict):
            raise SettingError(file, "trust", "is no object", 'make it one: {"dual": "suggest"}')
        levels[mode] = level


def _called(found: Evidence, event: Event) -> None:
    found.since = found.since or event.at
    day = event.at.date().isoformat()
    found.days.add(day)
    if event.details.get("ended") == "done":
        turn = str(event.details.get("turn"))
        found.done[turn] = found.done.get(turn, 0) + 1
    else:
        found.failed += 1
        found.bad.add(day)


def _answered(found: Evidence, details: Mapping[str, Any]) -> None:
    if details.get("by") != HUMAN:
        return  # nobody answered in time
    if details.get("approved"):
        found.approved += 1
        found.edited += bool(details.get("edited"))
    else:
        found.declined += 1
        found.risky += details.get("risk") != "low"


def _undone(found: Evidence, event: Event) -> None:
    found.undone.append(event.at)
    found.failed += found.done.pop(str(event.details.get("turn")), 0)
    found.bad.add(event.at.date().isoformat())


def _against(recent: Evidence, ladder: Ladder) -> list[str]:
    """Return what speaks for a step down; few calls say little of their share."""
    span, bad = f"in the last {ladder.recent_days} days", recent.failed + recent.declined
    undone = len(recent.undone)
    why = [f"turns undone {span}: {undone} (at most {ladder.undone - 1})"] if undone >= ladder.undone else []
    if recent.actions >= ladder.suggestions and bad >= ladder.failed * recent.actions:
        why.append(
            f"calls that failed or were refused {span}: {bad} of {recent.actions} (less than {ladder.failed:.0%})"
        )
    return why


def _at_least(what: str, stands: int, wanted: int) -> Condition:
    return Condition(what, str(stands), f"at least {wanted}", stands >= wanted)


def _share(what: str, part: int, whole: int, wanted: float) -> Condition:
    return Condition(what, f"{part} of {whole}", f"at least {wanted:.0%}", bool(whole) and part >= wanted * whole)


def _days_since(moment: datetime | None, now: datetime) -> int:
    return (now - moment).days if moment else 0
