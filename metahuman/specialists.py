"""The specialists as functions: what a turn's broker does, for programs that want no conversation."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from langchain_core.messages import HumanMessage

from metahuman.detecting import detect_specialist_type
from metahuman.graph.specialists import build
from metahuman.home import Home, find_home
from metahuman.state.artifacts import Artifact
from metahuman.state.background import background
from metahuman.state.context import Mode, TurnContext
from metahuman.state.errors import BadChoice, SpecialistFailed
from metahuman.state.events import ModelCall
from metahuman.state.parts import SPECIALISTS, Finding, Recalled, Specialist, Task
from metahuman.state.routes import route_to
from metahuman.state.services import Services
from metahuman.state.turn import TurnState
from metahuman.wiring import shared_services

__all__ = [
    "SpecialistResult",
    "SpecialistTask",
    "acreate_plan",
    "agenerate_code",
    "aroute_to_specialist",
    "aroute_to_specialists_parallel",
    "asummarize_text",
    "create_plan",
    "detect_specialist_type",
    "generate_code",
    "route_to_specialist",
    "route_to_specialists_parallel",
    "summarize_text",
]


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


async def aroute_to_specialists_parallel(
    tasks: Sequence[SpecialistTask], *, mode: Mode = "dual", home: Home | str | None = None, **models: str
) -> list[SpecialistResult]:
    """Do tasks side by side, and those that need others' results after them; return what came of each, in order.

    One that fails says so in its result and takes nothing from the others.

    Args:
        tasks: The tasks.
        mode: The cognitive mode, which may choose other models.
        home: Whose registry, audit and classifier; METAHUMAN_HOME's by default.
        models: A model id of the registry for a role: `coder="default.coder"`.

    Raises:
        BadChoice: If a task is nobody's.
        SettingError: If the registry cannot be used.
    """
    where = home if isinstance(home, Home) else find_home(home)
    return await run_tasks(tasks, shared_services(where), mode, models, where) if tasks else []


async def aroute_to_specialist(
    task: SpecialistTask, *, mode: Mode = "dual", home: Home | str | None = None, **models: str
) -> SpecialistResult:
    """Do one task; as `aroute_to_specialists_parallel`."""
    (result,) = await aroute_to_specialists_parallel([task], mode=mode, home=home, **models)
    return result


async def agenerate_code(language: str, description: str, *, home: Home | str | None = None) -> str:
    """Return code; several files one after the other.

    Args:
        language: The language it is in.
        description: What it does.
        home: As for `aroute_to_specialists_parallel`.

    Raises:
        SpecialistFailed: If none came, or what came is no code that can be read.
    """
    made = await _one(SpecialistTask(f"Write {language} code: {description}", "coder"), home)
    return "\n".join(artifact["text"] for artifact in made.artifacts)


async def acreate_plan(goal: str, constraints: str = "", *, home: Home | str | None = None) -> str:
    """Return a plan: numbered steps, each with what it waits for and how long it takes.

    Args:
        goal: What is to be reached.
        constraints: What must be kept to.
        home: As for `aroute_to_specialists_parallel`.

    Raises:
        SpecialistFailed: If none came, or its steps wait for each other.
    """
    kept_to = f"\nKeep to this: {constraints}" if constraints else ""
    return (await _one(SpecialistTask(f"{goal}{kept_to}", "planner"), home)).content


async def asummarize_text(text: str, max_length: int = 200, *, home: Home | str | None = None) -> str:
    """Return a summary; a text that no prompt has room for is read piece by piece.

    Args:
        text: The text.
        max_length: About how many words.
        home: As for `aroute_to_specialists_parallel`.

    Raises:
        SpecialistFailed: If none came, or it is too long, or has numbers that the text does not have.
    """
    return (await _one(SpecialistTask(f"Summarize it in about {max_length} words.", "summarizer", text), home)).content


def route_to_specialists_parallel(
    tasks: Sequence[SpecialistTask], *, mode: Mode = "dual", home: Home | str | None = None, **models: str
) -> list[SpecialistResult]:
    """As `aroute_to_specialists_parallel`, for callers that wait."""
    return background.run(aroute_to_specialists_parallel(tasks, mode=mode, home=home, **models))


def route_to_specialist(
    task: SpecialistTask, *, mode: Mode = "dual", home: Home | str | None = None, **models: str
) -> SpecialistResult:
    """As `aroute_to_specialist`, for callers that wait."""
    return background.run(aroute_to_specialist(task, mode=mode, home=home, **models))


def generate_code(language: str, description: str, *, home: Home | str | None = None) -> str:
    """As `agenerate_code`, for callers that wait."""
    return background.run(agenerate_code(language, description, home=home))


def create_plan(goal: str, constraints: str = "", *, home: Home | str | None = None) -> str:
    """As `acreate_plan`, for callers that wait."""
    return background.run(acreate_plan(goal, constraints, home=home))


def summarize_text(text: str, max_length: int = 200, *, home: Home | str | None = None) -> str:
    """As `asummarize_text`, for callers that wait."""
    return background.run(asummarize_text(text, max_length, home=home))


async def run_tasks(
    tasks: Sequence[SpecialistTask], services: Services, mode: Mode, models: dict[str, str], home: Home
) -> list[SpecialistResult]:
    """Run tasks through the specialists' graph and return what came of each, in order."""
    wanted = [_task(task, home) for task in tasks]
    question = HumanMessage("\n".join(task.description for task in tasks), id=str(uuid.uuid4()))
    given = TurnState(
        messages=[question],
        mode=mode,
        route=route_to(question.text, "rule", wanted),
        recalled=Recalled(evidence=[], latencyMs=0),
    )
    graph = build(services).compile(name="specialists")
    state = cast(TurnState, await graph.ainvoke(given, context=TurnContext(mode, models)))
    found = {finding["job"]: finding for finding in state["findings"]}
    calls = [entry["call"] for entry in state["calls"]]
    return [_result(found[str(place)], calls) for place in range(len(tasks))]


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


async def _one(task: SpecialistTask, home: Home | str | None) -> SpecialistResult:
    """Return what came of a task, if it is of use."""
    made = await aroute_to_specialist(task, home=home)
    wrong = [artifact["problem"] for artifact in made.artifacts if artifact["kind"] != "summary"]
    if problem := made.error or next(filter(None, wrong), None) or (None if made.artifacts else "nothing was made"):
        raise SpecialistFailed(f"{made.type}: {problem}", made.content)
    return made
