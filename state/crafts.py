"""What each specialist's answer is read as, and the checks it has to pass: none of them needs a judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from metahuman.state.artifacts import Artifact, Words, named
from metahuman.state.briefing import SpecialistJob
from metahuman.state.code import problem_of, read_code
from metahuman.state.condensing import as_summary, shortened_to
from metahuman.state.lead_ins import bare
from metahuman.state.lengths import Length, asked_length, usual_length
from metahuman.state.parts import Specialist
from metahuman.state.planning import PlanAnswer, as_plan

#: Words of a note on one piece of a long text: all of them together are to fit into one prompt.
NOTE = 120
#: What is wrong with an answer that says nothing.
EMPTY = "it is empty"
#: Who fills in a schema instead of writing.
SCHEMAS: dict[Specialist, type[BaseModel]] = {"planner": PlanAnswer}


@dataclass(frozen=True)
class Product:
    """What a specialist's answer holds.

    Args:
        content: All of it, as a person reads it.
        artifacts: What was made.
        problem: What is wrong with it, in words that the model can act on; None if nothing is.
    """

    content: str
    artifacts: list[Artifact]
    problem: str | None


def read(answer: str | BaseModel, job: SpecialistJob, length: Length) -> Product:
    """Return what a specialist's answer holds, and what is wrong with it.

    Args:
        answer: Its words, or the schema that it filled in.
        job: What it was asked.
        length: How long a summary was to be.
    """
    task = job["job"]["task"]
    if isinstance(answer, PlanAnswer):
        plan = as_plan(answer, task)
        return Product(plan["text"], [plan], plan["problem"])
    text = str(answer).strip()
    match job["specialist"]:
        case "coder":
            files = read_code(text, task).files
            return Product(text, [*files], problem_of(files))
        case "summarizer":
            return _summary(bare(text), job, length)
        case "dreamer":
            return _words(text, "dream", named(task, ".md"))
        case _:
            return _words(text, "text", named(task, ".txt"))


def mended(made: Product, job: SpecialistJob, length: Length) -> Product:
    """Return what a specialist made twice over and got wrong twice, put right as far as no model is needed.

    A summary loses the sentences that it must not have, as long as any are left. Code and plans stay as they are, with
    what is wrong beside them: nobody but who made them can put them right.
    """
    if job["specialist"] != "summarizer" or not made.problem:
        return made
    left = shortened_to(made.content, job["whole"] or job["source"], length)
    return _summary(left, job, length) if left else made


def length_for(job: SpecialistJob) -> Length:
    """Return how long a summary, or a note on a piece of a text, is to be."""
    if job["job"]["part"]:
        return Length(NOTE, "words", at_most=True)
    asked, source = asked_length(job["job"]["task"]), job["whole"] or job["source"]
    if asked is None:
        return usual_length(source)
    # A text that is hardly longer than what is asked for cannot be drawn out to it.
    return asked if asked.measures_less_than(source) else Length(asked.count, asked.unit, at_most=True)


def _summary(text: str, job: SpecialistJob, length: Length) -> Product:
    if not text:
        return Product("", [], EMPTY)
    if job["job"]["part"]:
        return Product(text, [], length.objection(text))
    summary = as_summary(text, job["whole"], length, job["job"]["task"])
    return Product(text, [summary], summary["problem"])


def _words(text: str, kind: Literal["dream", "text"], name: str) -> Product:
    if not text:
        return Product("", [], EMPTY)
    return Product(text, [Words(kind=kind, name=name, text=f"{text}\n", problem=None)], None)
