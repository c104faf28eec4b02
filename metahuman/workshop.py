"""Tasks through the specialists' graph: the same nodes as in a turn, without a conversation."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from langchain_core.messages import HumanMessage
from langgraph.graph.state import CompiledStateGraph

from metahuman.detecting import detect_specialist_type
from metahuman.graph.specialists import build
from metahuman.home import Home
from metahuman.reply import Event, events_of
from metahuman.state.artifacts import Artifact
from metahuman.state.context import Mode, TurnContext
from metahuman.state.errors import BadChoice
from metahuman.state.events import ModelCall
from metahuman.state.parts import SPECIALISTS, Finding, Recalled, Specialist, Task
from metahuman.state.routes import route_to
from metahuman.state.services import Workshop
from metahuman.state.turn import TurnState


@dataclass(frozen=True)
class SpecialistTask:
    """A task for a specialist.

    Args:
        description: What is to be done, in the owner's words.
        type: Whose task it is: coder, planner, summarizer, curator or dreamer; None has it told by the words.
        input: A text that it is about, as long as you like.
        after: The places in their list of the tasks before it whose results it is made from, the first being 0.
    """

    description: str
    type: Specialist | None = None
    input: str = ""
    after: Sequence[int] = ()


@dataclass(frozen=True)
class SpecialistResult:
    """What came of a task.

    Args:
        type: Whose task it was.
        description: The task.
        content: What was made, as text; "" if nothing came of it.
        artifacts: The same, typed: code by files, a plan by steps, a summary with pointers into its source.
        error: Why there is nothing, or not all.
        latency_ms: Milliseconds it took, its checks and a second try included.
        calls: The model calls of the whole run.
    """

    type: Specialist
    description: str
    content: str
    artifacts: list[Artifact]
    error: str | None
    latency_ms: float
    calls: list[ModelCall]


async def run_tasks(
    tasks: Sequence[SpecialistTask],
    services: Workshop,
    mode: Mode,
    models: dict[str, str],
    home: Home,
    watch: Callable[[Event], None] = lambda _: None,
) -> list[SpecialistResult]:
    """Run tasks through the specialists' graph and return what came of each, in order; `watch` is told what happens."""
    wanted = [_task(task, home) for task in tasks]
    question = HumanMessage("\n".join(task.description for task in tasks), id=str(uuid.uuid4()))
    given = TurnState(
        messages=[question],
        mode=mode,
        route=route_to(question.text, "rule", wanted),
        recalled=Recalled(evidence=[], latencyMs=0),
    )
    state: Mapping[str, Any] = {}
    context = TurnContext(mode, models)
    async for part in _graph(services).astream(given, context=context, stream_mode=["updates", "values"], version="v2"):
        if part["type"] == "values":
            state = part["data"]
        for event in events_of(part):
            watch(event)
    found = {finding["job"]: finding for finding in state["findings"]}
    calls = [entry["call"] for entry in state["calls"]]
    return [_result(found[str(place)], calls) for place in range(len(tasks))]


@lru_cache(4)
def _graph(services: Workshop) -> CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]:
    # A graph of its own, also where a tool of the operator's runs it in the middle of a turn: it keeps no checkpoints.
    return build(services).compile(name="specialists", checkpointer=False)


def _task(task: SpecialistTask, home: Home) -> Task:
    whose = task.type or detect_specialist_type(task.description, home)
    if whose not in SPECIALISTS:
        raise BadChoice(f"no specialist for {task.description[:60]!r}; name one: {', '.join(SPECIALISTS)}")
    return Task(destination=whose, task=task.description, after=[*task.after], input=task.input)


def _result(finding: Finding, calls: list[ModelCall]) -> SpecialistResult:
    return SpecialistResult(
        cast(Specialist, finding["source"]),
        finding["task"],
        finding["content"],
        finding["artifacts"],
        finding["error"],
        finding["latencyMs"],
        calls,
    )
