"""Tests of the routers: pure functions of the state."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage
from langgraph.types import Send

from metahuman.graph.routes import after_broker, after_orchestrator, after_persona
from metahuman.state.broking import Job, Work, jobs_of, ready
from metahuman.state.context import Mode
from metahuman.state.parts import Destination, Route, Task
from metahuman.state.turn import TurnState
from tests.findings import found


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


def working(*tasks: tuple[Destination, str]) -> TurnState:
    """Return a state whose first wave has just been handed out."""
    known, jobs = state(*tasks), jobs_of(state(*tasks)["route"]["tasks"])
    wave = [job["id"] for job in ready(jobs, [])]
    known["work"] = Work(
        turn="q1", began="", jobs=[Job(**{**job, "given": job["id"] in wave}) for job in jobs], wave=wave
    )
    return known


def sent(known: TurnState) -> list[str | tuple[str, str]]:
    then = after_broker(known)
    return [(to.arg["specialist"], to.arg["job"]["task"]) if isinstance(to, Send) else to for to in then]


@pytest.mark.parametrize(
    ("tasks", "then"),
    [
        ([("conversation", "")], "persona"),
        ([("memory", "")], "persona"),
        ([("operator", "read it")], "broker"),
        ([("coder", "sort"), ("conversation", "hi")], "broker"),
    ],
)
def test_whether_there_is_work_before_the_persona_speaks(tasks: list[tuple[Destination, str]], then: str) -> None:
    assert after_orchestrator(state(*tasks)) == then


@pytest.mark.parametrize(
    ("tasks", "then"),
    [
        ([("operator", "read it")], ["operator"]),
        ([("coder", "sort"), ("planner", "plan")], [("coder", "sort"), ("planner", "plan")]),
        ([("coder", "one"), ("coder", "two")], [("coder", "one"), ("coder", "two")]),
        ([("conversation", ""), ("operator", "x"), ("dreamer", "y")], ["operator", ("dreamer", "y")]),
        ([("summarizer", "shorten"), ("planner", "plan my day from it")], [("summarizer", "shorten")]),
    ],
)
def test_who_is_handed_work(tasks: list[tuple[Destination, str]], then: list[str | tuple[str, str]]) -> None:
    assert sent(working(*tasks)) == then


def test_nobody_is_sent_for_while_work_is_under_way_and_the_persona_once_it_is_done() -> None:
    known = working(("coder", "sort"))
    known["work"]["wave"] = []
    assert after_broker(known) == []
    known["findings"] = [found("0", "coder")]
    assert after_broker(known) == ["persona"]


def test_emulation_never_works_and_is_never_remembered() -> None:
    emulated = state(("operator", "x"), ("coder", "y"), mode="emulation")
    assert after_orchestrator(emulated) == "persona"
    assert after_persona(emulated) == "__end__"


@pytest.mark.parametrize("mode", ["dual", "agent"])
def test_the_other_modes_are_remembered(mode: Mode) -> None:
    assert after_persona(state(("conversation", ""), mode=mode)) == "remember"
