"""Plans: whether they can be carried out, and how they read."""

from __future__ import annotations

from graphlib import CycleError
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from metahuman.state.artifacts import Plan
from metahuman.state.planning import PlanAnswer, StepAnswer, as_plan, in_order


def plan(*after: list[int], step: str = "do it") -> Plan:
    return as_plan(PlanAnswer(steps=[StepAnswer(step=step, after=one, takes="1 hour") for one in after]), "the move")


def test_a_plan_reads_as_a_numbered_list() -> None:
    answer = PlanAnswer(
        steps=[
            StepAnswer(step=" Pack\n the boxes ", takes=" 2\ndays "),
            StepAnswer(step="Hire a van", takes="1 hour"),
            StepAnswer(step="Load it", after=[2, 1, 2], takes="3 hours"),
        ]
    )
    made = as_plan(answer, "plan the move")
    assert made["text"] == "1. Pack the boxes (2 days)\n2. Hire a van (1 hour)\n3. Load it (3 hours; after 1, 2)\n"
    assert made["name"] == "plan-move.md"
    assert made["problem"] is None
    assert in_order(made["steps"]) == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        ([[], [1], [1, 2]], None),
        ([[3], [], [2]], None),
        ([[0], [1]], None),
        ([[], [2]], "step 2 waits for itself"),
        ([[], [7]], "step 2 comes after step 7, which there is not"),
        ([[], [0]], "step 2 comes after step 0, which there is not"),
        ([[-1]], "step 1 comes after step -1, which there is not"),
    ],
)
def test_why_a_plan_cannot_be_carried_out(after: list[list[int]], problem: str | None) -> None:
    assert plan(*after)["problem"] == problem


def test_steps_that_wait_for_each_other_are_named_in_their_circle() -> None:
    made = plan([3], [1], [2])
    words, _, circle = (made["problem"] or "").partition(": ")
    numbers = [int(number) for number in circle.split(" → ")]
    assert words == "steps wait for each other"
    assert numbers[0] == numbers[-1]
    assert all(later in made["steps"][step - 1]["after"] for step, later in pairwise(numbers))


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (["1. Buy", "2. Pack"], ["Buy", "Pack"]),
        (["Step 1: Buy", "step 2: Pack"], ["Buy", "Pack"]),
        (["Buy", "2. Pack"], ["Buy", "2. Pack"]),
        (["3. Oktober buchen", "4. Gang einlegen"], ["3. Oktober buchen", "4. Gang einlegen"]),
        (["1.5 l of milk", "2.5 l of milk"], ["1.5 l of milk", "2.5 l of milk"]),
    ],
)
def test_numbers_that_a_model_gave_to_every_step_are_not_told_twice(steps: list[str], said: list[str]) -> None:
    made = as_plan(PlanAnswer(steps=[StepAnswer(step=step, takes="1 h") for step in steps]), "x")
    assert [step["step"] for step in made["steps"]] == said


@pytest.mark.parametrize("blank", ["", "   ", "\n"])
def test_a_step_says_what_and_how_long(blank: str) -> None:
    with pytest.raises(ValidationError):
        StepAnswer(step=blank, takes="1 hour")
    with pytest.raises(ValidationError):
        StepAnswer(step="do it", takes=blank)


@settings(derandomize=True, database=None)
@given(st.lists(st.lists(st.integers(-1, 9), max_size=4), min_size=1, max_size=8))
def test_any_plan_is_told_to_be_wrong_or_can_be_done_in_its_order(after: list[list[int]]) -> None:
    made = plan(*after)
    try:
        waves = in_order(made["steps"])
    except CycleError:
        assert made["problem"]
        return
    assert sorted(number for wave in waves for number in wave) == [*range(1, len(after) + 1)]
    done = set[int]()
    for wave in waves:
        for number in wave:
            needed = made["steps"][number - 1]["after"]
            assert made["problem"] or done.issuperset(needed)
        done.update(wave)
