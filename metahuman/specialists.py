"""The specialists as functions: what a turn's broker does, for programs that want no conversation."""

from __future__ import annotations

from collections.abc import Sequence

from metahuman.detecting import detect_specialist_type
from metahuman.home import Home, find_home
from metahuman.state.background import background
from metahuman.state.context import Mode
from metahuman.state.errors import SpecialistFailed
from metahuman.wiring import shared_services
from metahuman.workshop import SpecialistResult, SpecialistTask, run_tasks

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


async def _one(task: SpecialistTask, home: Home | str | None) -> SpecialistResult:
    """Return what came of a task, if it is of use."""
    made = await aroute_to_specialist(task, home=home)
    wrong = [artifact["problem"] for artifact in made.artifacts if artifact["kind"] != "summary"]
    if problem := made.error or next(filter(None, wrong), None) or (None if made.artifacts else "nothing was made"):
        raise SpecialistFailed(f"{made.type}: {problem}", made.content)
    return made
