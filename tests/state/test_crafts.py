"""What a specialist's answer is read as, and what is put right without a model."""

from __future__ import annotations

import pytest

from metahuman.state.briefing import SpecialistJob
from metahuman.state.broking import Job, jobs_of
from metahuman.state.crafts import EMPTY, NOTE, Product, length_for, mended, read
from metahuman.state.lengths import Length
from metahuman.state.parts import Specialist, Task
from metahuman.state.planning import PlanAnswer, StepAnswer

SOURCE = "The river rose in 1987. Anna left the mill. The bridge broke. Nobody was hurt. " * 10
WORDS = Length(50, "words", at_most=True)


def job(
    specialist: Specialist, task: str = "shorten it", source: str = "", part: list[int] | None = None
) -> SpecialistJob:
    (one,) = jobs_of([Task(destination=specialist, task=task)])
    return SpecialistJob(
        job=Job(**{**one, "part": part}),
        specialist=specialist,
        message=task,
        turn="q1",
        mode="dual",
        source=source,
        whole="" if part else source,
        data=[],
        lacks="",
    )


def summarizing(task: str = "shorten it", part: list[int] | None = None) -> SpecialistJob:
    return job("summarizer", task, SOURCE, part)


def test_code_is_read_as_files() -> None:
    made = read("Here:\n```python a.py\nx = 1\n```", job("coder"), WORDS)
    assert [artifact["name"] for artifact in made.artifacts] == ["a.py"]
    assert made.content == "Here:\n```python a.py\nx = 1\n```"
    assert made.problem is None
    assert read("No.", job("coder"), WORDS) == Product("No.", [], "there is no fenced block of code in the answer")


def test_a_plan_is_read_as_its_steps() -> None:
    answer = PlanAnswer(steps=[StepAnswer(step="Pack", after=[1], takes="1 day")])
    made = read(answer, job("planner", "plan the move"), WORDS)
    assert made.content == "1. Pack (1 day; after 1)\n"
    assert made.problem == made.artifacts[0]["problem"] == "step 1 waits for itself"


def test_a_summary_is_read_without_what_stands_round_it() -> None:
    made = read("Sure! Here is a summary:\n\nThe river rose.\n\n(3 words)", summarizing(), WORDS)
    assert made.content == "The river rose."
    assert made.artifacts[0]["text"] == "The river rose.\n"
    assert made.problem is None


def test_a_note_on_a_piece_is_no_artifact() -> None:
    made = read("The river rose.", summarizing(part=[1, 2]), Length(NOTE, "words", at_most=True))
    assert made == Product("The river rose.", [], None)
    assert read("word " * 200, summarizing(part=[1, 2]), Length(NOTE, "words", at_most=True)).problem


@pytest.mark.parametrize(("specialist", "kind"), [("dreamer", "dream"), ("curator", "text")])
def test_words_are_kept_as_they_are(specialist: Specialist, kind: str) -> None:
    made = read(" A whale sang. ", job(specialist, "a dream"), WORDS)
    assert made.content == "A whale sang."
    assert [(artifact["kind"], artifact["text"]) for artifact in made.artifacts] == [(kind, "A whale sang.\n")]


@pytest.mark.parametrize("specialist", ["summarizer", "curator", "dreamer"])
def test_an_answer_that_says_nothing_makes_nothing(specialist: Specialist) -> None:
    assert read(" \n", job(specialist, source=SOURCE), WORDS) == Product("", [], EMPTY)


@pytest.mark.parametrize(
    ("task", "length"),
    [
        ("shorten it in two sentences", "2 sentences"),
        ("shorten it in 300 words", "at most 300 words"),
        ("shorten it", "at most 50 words"),
    ],
)
def test_how_long_a_summary_may_be(task: str, length: str) -> None:
    assert str(length_for(summarizing(task))) == length


def test_a_note_has_a_length_of_its_own() -> None:
    assert str(length_for(summarizing("shorten it in two sentences", part=[1, 2]))) == f"at most {NOTE} words"


def test_a_summary_that_is_too_long_loses_its_last_sentences() -> None:
    task, two = summarizing("shorten it in two sentences"), Length(2, "sentences")
    made = mended(read("The river rose. Anna left. The bridge broke.", task, two), task, two)
    assert (made.content, made.problem) == ("The river rose. Anna left.", None)


def test_a_summary_with_a_number_of_nobodys_loses_the_sentence() -> None:
    task = summarizing()
    made = mended(read("The river rose in 1987. It cost 5,000 pounds.", task, WORDS), task, WORDS)
    assert (made.content, made.problem) == ("The river rose in 1987.", None)


def test_a_note_is_shortened_as_well() -> None:
    task, few = summarizing(part=[1, 2]), Length(5, "words", at_most=True)
    assert mended(read("The river rose. Anna left the mill.", task, few), task, few).content == "The river rose."


@pytest.mark.parametrize("answer", ["It cost 5,000 pounds.", "The river rose near the mill that Anna left."])
def test_a_summary_of_which_nothing_would_be_left_stays_with_what_is_wrong(answer: str) -> None:
    task, few = summarizing(), Length(3, "words", at_most=True)
    made = read(answer, task, few)
    assert made.problem
    assert mended(made, task, few) == made


def test_what_only_its_maker_can_put_right_stays_as_it_is() -> None:
    broken = read("```python\ndef f(:\n```", job("coder"), WORDS)
    assert mended(broken, job("coder"), WORDS) is broken
    fine = read("The river rose.", summarizing(), WORDS)
    assert mended(fine, summarizing(), WORDS) is fine
