"""Earned trust: what a run of events says for a step up, or down; only a person takes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from metahuman.state.context import Trust
from metahuman.state.errors import SettingError
from metahuman.tools.promotion import (
    Event,
    Ladder,
    Proposal,
    conditions,
    evidence,
    ladder_of,
    propose,
    recent_of,
    write_level,
)
from tests.fakes import NOON

LADDER = Ladder()


def call(day: float, turn: str = "t", ended: str = "done", **more: Any) -> Event:
    return Event(NOON + timedelta(days=day), "tool_called", {"turn": turn, "ended": ended, "mode": "dual", **more})


def answer(day: float, *, approved: bool = True, **more: Any) -> Event:
    details = {"approved": approved, "by": "human", "risk": "medium", "edited": False, **more}
    return Event(NOON + timedelta(days=day), "approval_answered", details)


def undone(day: float, turn: str = "t") -> Event:
    return Event(NOON + timedelta(days=day), "turn_undone", {"turn": turn})


def changed(day: float, mode: str = "dual") -> Event:
    return Event(NOON + timedelta(days=day), "trust_changed", {"mode": mode})


def proposed(level: Trust, events: Iterable[Event], day: float, ladder: Ladder = LADDER) -> Proposal | None:
    now, events = NOON + timedelta(days=day), sorted(events, key=lambda one: one.at)
    recent = evidence(recent_of(events, ladder, now), "dual")
    return propose(level, evidence(events, "dual"), recent, ladder, now)


def test_a_week_of_use_without_a_failure_speaks_for_suggesting() -> None:
    week = [call(day) for day in range(7)]
    assert proposed("observe", week, 7) == Proposal(
        "up", "suggest", ("days of use on which nothing failed: 7 (at least 7)",)
    )
    assert proposed("observe", week[:6] * 5, 70) is None, "days on which nothing was done earn nothing"
    assert proposed("observe", [*week, call(3, ended="failed")], 7) is None
    assert proposed("observe", [*week, undone(3)], 7) is None


def test_suggestions_have_to_be_approved_and_none_of_risk_refused() -> None:
    ours = [answer(day / 10) for day in range(20)]
    assert (proposed("suggest", ours, 3) or LADDER) == Proposal(
        "up", "supervised_auto", (
            "suggestions answered: 20 (at least 20)",
            "suggestions approved: 20 of 20 (at least 80%)",
            "refused though of more than low risk: 0 (0)",
        ),
    )  # fmt: skip
    assert proposed("suggest", ours[:19], 3) is None
    assert proposed("suggest", [*ours, answer(2, approved=False, risk="low")], 3)
    assert proposed("suggest", [*ours, answer(2, approved=False)], 3) is None
    assert proposed("suggest", [*ours[:19], answer(2, approved=False, by="expired")], 3) is None


def test_acting_alone_takes_a_month_without_an_undo_and_help() -> None:
    month = [call(day / 2, turn=f"t{day}") for day in range(60)]
    assert proposed("supervised_auto", month, 30) is not None
    assert proposed("supervised_auto", month, 29.5) is None
    assert proposed("supervised_auto", [*month, undone(29, "t3")], 58) is None
    assert proposed("supervised_auto", [*month, undone(29, "t3")], 60) is not None
    assert proposed("supervised_auto", month + [answer(9, edited=True)] * 4, 31) is None
    assert proposed("supervised_auto", [*month, changed(20)], 60) is None, "what was before the change does not count"
    assert proposed("supervised_auto", [*month, changed(20, "agent")], 60) is not None
    assert proposed("bounded_auto", month, 31) is None


def test_what_another_mode_did_does_not_count() -> None:
    assert evidence([call(1, mode="agent")], "dual").actions == 0


def test_undone_turns_and_many_failures_speak_for_a_step_down() -> None:
    month = [call(day / 2, turn=f"t{day}") for day in range(60)]
    down = proposed("bounded_auto", [*month, undone(29, "t1"), undone(29.5, "t2")], 30)
    assert down == Proposal("down", "supervised_auto", ("turns undone in the last 7 days: 2 (at most 1)",))
    assert proposed("bounded_auto", [*month, undone(29, "t1"), undone(29.5, "t2")], 40) is None
    failing = [call(20 + number / 10, ended="unknown" if number % 2 else "done") for number in range(20)]
    assert (proposed("supervised_auto", failing, 22) or failing)[0] == "down"
    assert proposed("supervised_auto", failing[:10], 22) is None, "a few calls say little"
    assert proposed("observe", failing, 22) is None, "there is nothing below"


def test_nothing_happened_says_nothing() -> None:
    for level in ("observe", "suggest", "supervised_auto", "bounded_auto"):
        assert proposed(level, [], 30) is None  # type: ignore[arg-type]
    stands = conditions("suggest", evidence([], "dual"), LADDER, NOON)
    assert [one.met for one in stands] == [False, False, True]


def test_an_odd_event_is_taken_for_what_it_says() -> None:
    odd = [Event(NOON, "tool_called", {}), Event(NOON, "approval_answered", {"by": 3}), Event(NOON, "turn_undone", {})]
    assert (evidence(odd, "dual").failed, evidence(odd, "dual").answered) == (1, 0)


def test_thresholds_are_the_owners(tmp_path: Path) -> None:
    assert ladder_of(tmp_path, {"days": 3, "note": "mine"}).days == 3
    with pytest.raises(SettingError, match=r"ladder\.days: Input should be greater"):
        ladder_of(tmp_path / "trust.json", {"days": 0})


def test_a_level_is_written_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "etc" / "trust.json"
    write_level(file, "agent", "suggest")
    file.write_text(json.dumps({"trust": {"agent": "suggest", "note": 1}, "tools": {"x": "ask"}}))
    write_level(file, "agent", "observe")
    assert json.loads(file.read_text()) == {"trust": {"agent": "observe", "note": 1}, "tools": {"x": "ask"}}
    file.write_text('{"trust": "much"}')
    with pytest.raises(SettingError, match="trust: is no object"):
        write_level(file, "agent", "observe")
    assert file.read_text() == '{"trust": "much"}'
