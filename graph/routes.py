"""Where a turn goes next: pure functions of the state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from langgraph.types import Send

from metahuman.state.operating import failed_lately
from metahuman.state.parts import SPECIALISTS, Specialist, Task
from metahuman.state.turn import SpecialistJob, TurnState, question_of


def after_orchestrator(state: TurnState) -> Sequence[Send | str]:
    """Return who works before the persona speaks: the operator, one specialist per task, or nobody."""
    if state["mode"] == "emulation":
        return ["persona"]
    tasks = state["route"]["tasks"]
    operator = ["operator"] if any(task["destination"] == "operator" for task in tasks) else []
    specialists = [Send("specialist", _job(state, task)) for task in tasks if task["destination"] in SPECIALISTS]
    return [*operator, *specialists] or ["persona"]


def after_operator(state: TurnState) -> Literal["act", "persona"]:
    """Return whether there are calls to make; if not, the persona tells what was found."""
    return "act" if state["pending"] else "persona"


def after_act(state: TurnState) -> Literal["act", "critic", "operator"]:
    """Return who is next: another call, the critic where one went wrong, or the operator."""
    if state["pending"]:
        return "act"
    return "critic" if failed_lately(state) else "operator"


def after_persona(state: TurnState) -> Literal["remember", "__end__"]:
    """Return whether the turn is remembered: emulation leaves no trace."""
    return "__end__" if state["mode"] == "emulation" else "remember"


def _job(state: TurnState, task: Task) -> SpecialistJob:
    question = question_of(state)
    return SpecialistJob(
        specialist=cast(Specialist, task["destination"]),
        task=task["task"],
        message=question.text,
        turn=str(question.id),
        mode=state["mode"],
    )
