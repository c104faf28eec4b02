"""Plans: what a planner fills in, whether it can be carried out in some order, and how it reads."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter

from pydantic import BaseModel, ConfigDict, Field

from metahuman.state.artifacts import Plan, PlanStep, named

_NUMBERED = re.compile(r"(?:step |schritt |étape |paso |passo )?(?P<number>\d{1,3})\s?[.):-]\s+(?=\S)", re.I)


class StepAnswer(BaseModel):
    """One step of a plan."""

    model_config = ConfigDict(str_strip_whitespace=True)

    step: str = Field(min_length=1, max_length=600, description="What is done.")
    after: list[int] = Field(default_factory=list, description="Numbers of the steps that must be done before it.")
    takes: str = Field(min_length=1, max_length=80, description='How long it takes: "2 hours", "3 days".')


class PlanAnswer(BaseModel):
    """A plan, its steps in order; the first is number 1."""

    steps: list[StepAnswer] = Field(min_length=1, max_length=40)


def as_plan(answer: PlanAnswer, task: str) -> Plan:
    """Return the plan that a model filled in, as it stands.

    Args:
        answer: The steps.
        task: What it is a plan for.
    """
    said = _unnumbered([" ".join(one.step.split()) for one in answer.steps])
    steps = [
        PlanStep(number=number, step=step, after=_after(number, one.after), takes=" ".join(one.takes.split()))
        for number, (one, step) in enumerate(zip(answer.steps, said, strict=True), 1)
    ]
    text = "\n".join(map(_line, steps)) + "\n"
    return Plan(kind="plan", name=named(task, ".md"), text=text, steps=steps, problem=_problem(steps))


def in_order(steps: list[PlanStep]) -> list[list[int]]:
    """Return the numbers of a plan's steps in waves: each needs only what stands in those before it.

    A number that is no step's is passed over.

    Raises:
        CycleError: If some wait for each other.
    """
    known = {step["number"] for step in steps}
    sorter = TopologicalSorter({step["number"]: known.intersection(step["after"]) for step in steps})
    sorter.prepare()
    waves = list[list[int]]()
    while sorter.is_active():
        waves.append(sorted(sorter.get_ready()))
        sorter.done(*waves[-1])
    return waves


def _after(number: int, said: list[int]) -> list[int]:
    """Return the steps before a step; for the first of them, some models write 0 for none."""
    return sorted(set(said) - ({0} if number == 1 else set()))


def _unnumbered(steps: list[str]) -> list[str]:
    """Return what steps say, without the numbers where a model gave one to each of them."""
    found = [_NUMBERED.match(step) for step in steps]
    numbers = [int(one["number"]) if one else None for one in found]
    if numbers != [*range(1, len(steps) + 1)]:
        return steps
    return [step[one.end() :] if one else step for one, step in zip(found, steps, strict=True)]


def _problem(steps: list[PlanStep]) -> str | None:
    """Return why a plan cannot be carried out, in a line for the model that made it."""
    for step in steps:
        if lacking := [number for number in step["after"] if not 1 <= number <= len(steps)]:
            return f"step {step['number']} comes after step {lacking[0]}, which there is not"
        if step["number"] in step["after"]:
            return f"step {step['number']} waits for itself"
    try:
        in_order(steps)
    except CycleError as error:
        return f"steps wait for each other: {' → '.join(map(str, reversed(error.args[1])))}"
    return None


def _line(step: PlanStep) -> str:
    after = f"; after {', '.join(map(str, step['after']))}" if step["after"] else ""
    return f"{step['number']}. {step['step']} ({step['takes']}{after})"
