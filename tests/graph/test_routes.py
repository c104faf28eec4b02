"""Tests of the routers: pure functions of the state."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage
from langgraph.types import Send

from metahuman.graph.routes import after_orchestrator, after_persona
from metahuman.state.context import Mode
from metahuman.state.parts import Destination, Route, Task
from metahuman.state.turn import TurnState


def state(*tasks: tuple[Destination, str], mode: Mode = "dual") -> TurnState:
    route = Route(
        tasks=[Task(destination=destination, task=task) for destination, task in tasks],
        topics=[],
        intent="",
        focus="",
        urgency="normal",
        confidence=1,
        decidedBy="model",
        why=None,
        latencyMs=0,
    )
    return TurnState(messages=[HumanMessage("do it", id="q1")], mode=mode, route=route)


def job(specialist: str, task: str) -> Send:
    arg = {"specialist": specialist, "task": task, "message": "do it", "turn": "q1", "mode": "dual"}
    return Send("specialist", arg)


@pytest.mark.parametrize(
    ("tasks", "then"),
    [
        ([("conversation", "")], ["persona"]),
        ([("memory", "")], ["persona"]),
        ([("operator", "read it")], ["operator"]),
        ([("coder", "sort"), ("planner", "plan")], [job("coder", "sort"), job("planner", "plan")]),
        ([("coder", "one"), ("coder", "two")], [job("coder", "one"), job("coder", "two")]),
        ([("conversation", ""), ("operator", "x"), ("dreamer", "y")], ["operator", job("dreamer", "y")]),
    ],
)
def test_who_works_before_the_persona_speaks(tasks: list[tuple[Destination, str]], then: list[Send | str]) -> None:
    assert after_orchestrator(state(*tasks)) == then


def test_emulation_never_works_and_is_never_remembered() -> None:
    emulated = state(("operator", "x"), ("coder", "y"), mode="emulation")
    assert after_orchestrator(emulated) == ["persona"]
    assert after_persona(emulated) == "__end__"


@pytest.mark.parametrize("mode", ["dual", "agent"])
def test_the_other_modes_are_remembered(mode: Mode) -> None:
    assert after_persona(state(("conversation", ""), mode=mode)) == "remember"
