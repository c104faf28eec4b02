"""What two voices are asked when they are compared: what the owner was really asked, then what anybody might ask."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import NamedTuple

from metahuman.state.errors import BadChoice, StoreError
from metahuman.state.files import store_errors, whole
from metahuman.voice.runs import Run

#: Characters of a question: a longer one is a text to work on, not something that is said.
LONGEST = 600
#: Everyday questions that anybody can answer, and that each would answer in words of their own.
NEUTRAL = (
    "How was your day?",
    "What did you have for breakfast?",
    "What do you like about where you live?",
    "Tell me about a book that stayed with you.",
    "What do you do when you cannot sleep?",
    "Is it worth being on time?",
    "What makes a good friend?",
    "How do you decide when you are not sure?",
    "What would you cook for guests tonight?",
    "Do you prefer the morning or the evening?",
    "What was the last thing that made you laugh?",
    "How do you say no to someone you like?",
    "What is a good way to spend a rainy Sunday?",
    "What would you tell yourself at twenty?",
    "Why do people argue about small things?",
    "What have you changed your mind about?",
    "How do you begin something difficult?",
    "What is money for?",
    "Which sound do you like best?",
    "What should I ask you?",
)


class Question(NamedTuple):
    """Something to ask.

    Args:
        prompt: The words.
        origin: Where they are from: "held-out", "neutral", or a file's name.
    """

    prompt: str
    origin: str


class Row(NamedTuple):
    """A pair of a dataset.

    Args:
        said: What was said.
        answered: What was answered.
        weight: What it counts.
    """

    said: str
    answered: str
    weight: float


def questions(run: Run, count: int, seed: int, file: Path | None = None) -> list[Question]:
    """Return what to ask, nothing twice.

    Args:
        run: Whose held-out pairs come first, drawn by the seed, for three quarters at most; what anybody might ask
            follows.
        count: How many at most.
        seed: Draws among the held-out pairs.
        file: Asks this file's lines instead.

    Raises:
        BadChoice: If there is nothing in the file.
        StoreError: If a file cannot be read.
    """
    if file:
        found = _lines(file)
    else:
        neutral = [Question(one, "neutral") for one in NEUTRAL]
        found = [*_held_out(run, seed)[: count - count // 4], *neutral]
    once: dict[str, Question] = {}
    for one in found:
        once.setdefault(one.prompt, one)
    return list(once.values())[:count]


def _lines(file: Path) -> list[Question]:
    with store_errors(file, "check that it can be read"):
        data = file.read_bytes()
    try:
        lines = [line.strip() for line in data.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        raise StoreError(file, "it is not UTF-8 text", "save it as UTF-8") from None
    if not any(lines):
        raise BadChoice(f"{file}: there is no prompt in it; write one in each line")
    return [Question(line, file.name) for line in lines if line]


def _held_out(run: Run, seed: int) -> list[Question]:
    """Return the questions of the pairs that were not trained on, in a drawn order."""
    found = sorted({row.said for row in rows_of(run, "held-out.jsonl") if len(row.said) <= LONGEST})
    random.Random(seed).shuffle(found)  # noqa: S311 - nothing hangs on its being hard to guess
    return [Question(said, "held-out") for said in found]


def rows_of(run: Run, file: str) -> list[Row]:
    """Return the rows of a file of the dataset that a run was trained on; none where the dataset is gone.

    Args:
        run: The run.
        file: The file's name.

    Raises:
        StoreError: If it cannot be read.
    """
    path = run.folder / run.job.dataset.folder / file
    if not path.is_file():
        return []
    with store_errors(path, "check that it can be read"):
        lines = path.read_bytes().splitlines()
    return [row for line in lines if (row := _row(line))]


def _row(line: bytes) -> Row | None:
    """Return what a line says; None where it is no row, which `metahuman dataset check` tells."""
    try:
        value = whole(json.loads(line))
        said, answered = (message["content"].strip() for message in value["messages"])
        weight = value["metadata"].get("weight", 1)
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None
    return Row(said, answered, float(weight) if isinstance(weight, int | float) else 1.0) if said and answered else None
