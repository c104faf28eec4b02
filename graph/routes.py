"""Where a turn goes next: pure functions of the state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Literal, TypeVar

from langgraph.types import Send

from metahuman.state.briefing import job_for
from metahuman.state.broking import OPERATOR, jobs_of, unfinished
from metahuman.state.operating import failed_lately
from metahuman.state.turn import TurnState, findings_of

T = TypeVar("T")


def at_once(decide: Callable[[TurnState], T]) -> Callable[[TurnState], Awaitable[T]]:
    """Return a function of these for LangGraph, which hands each that is not async to a thread and waits for it."""

    @wraps(decide)
    async def decided(state: TurnState) -> T:
        return decide(state)

    return decided


def after_orchestrator(state: TurnState) -> Literal["broker", "persona"]:
    """Return whether there is work for anybody before the persona speaks; emulation has none."""
    working = state["mode"] != "emulation" and jobs_of(state["route"]["tasks"])
    return "broker" if working else "persona"


def after_broker(state: TurnState) -> Sequence[Send | str]:
    """Return who works next: the operator, one specialist per job; nobody while work is under way; else the persona."""
    work = state["work"]
    wave = [job for job in work["jobs"] if job["id"] in work["wave"]]
    operator = ["operator"] if any(job["id"] == OPERATOR for job in wave) else []
    specialists = [Send("specialist", job_for(state, job)) for job in wave if job["id"] != OPERATOR]
    done = [] if unfinished(work["jobs"], findings_of(state)) else ["persona"]
    return [*operator, *specialists] or done


def after_operator(state: TurnState) -> Literal["act", "broker"]:
    """Return whether there are calls to make; if not, who waits for what was found is next."""
    return "act" if state["pending"] else "broker"


def after_act(state: TurnState) -> Literal["act", "critic", "operator"]:
    """Return who is next: another call, the critic where one went wrong, or the operator."""
    if state["pending"]:
        return "act"
    return "critic" if failed_lately(state) else "operator"


def after_persona(state: TurnState) -> Literal["remember", "__end__"]:
    """Return whether the turn is remembered: emulation leaves no trace."""
    return "__end__" if state["mode"] == "emulation" else "remember"
