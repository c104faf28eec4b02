"""Sets of questions whose right answers are known, and how well the twin does on them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import langsmith

Scores = dict[str, float]


@dataclass(frozen=True)
class Case:
    """One question.

    Args:
        inputs: What is asked.
        expected: What is known to be right.
    """

    inputs: dict[str, Any]
    expected: dict[str, Any]


@dataclass(frozen=True)
class EvalSet:
    """A set of questions, and what answers them.

    Args:
        name: routing, recall or curation.
        source: Where the questions are from.
        cases: They themselves.
        answer: Answers the inputs of a case.
        score: Compares what was answered with what is right; the first score is what the set is for. 1 is best.
    """

    name: str
    source: str
    cases: Sequence[Case]
    answer: Callable[[dict[str, Any]], dict[str, Any]]
    score: Callable[[Mapping[str, Any], Mapping[str, Any]], Scores]


@dataclass(frozen=True)
class Evaluated:
    """How well the twin did on a set.

    Args:
        name: The set's name.
        source: Where its questions are from.
        cases: How many there are.
        scores: The mean of each score; the first is what the set is for.
        milliseconds: How long each answer took, the quickest first.
        skipped: Why the set was left out; None if it was not.
        experiment: Where LangSmith shows it, if it was sent there.
    """

    name: str
    source: str
    cases: int = 0
    scores: Scores = field(default_factory=dict)
    milliseconds: Sequence[float] = ()
    skipped: str | None = None
    experiment: str | None = None

    @property
    def main(self) -> float | None:
        """The score that the set is for; None where there is none."""
        return next(iter(self.scores.values()), None)

    def within(self, share: float) -> float | None:
        """Return the milliseconds that this share of the answers stayed within; None of no answers."""
        last = len(self.milliseconds) - 1
        return self.milliseconds[min(int(len(self.milliseconds) * share), last)] if self.milliseconds else None

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts; numbers to four places."""
        times = {name: self.within(share) for name, share in (("p50", 0.5), ("p95", 0.95))}
        return {
            "set": self.name,
            "source": self.source,
            "cases": self.cases,
            "scores": {name: round(value, 4) for name, value in self.scores.items()},
            "latencyMs": {name: None if value is None else round(value, 2) for name, value in times.items()},
            "skipped": self.skipped,
            "experiment": self.experiment,
        }


def run(questions: EvalSet, progress: Callable[[int, int], None] = lambda done, of: None) -> Evaluated:
    """Answer every question of a set, here, and return how well that went. Nothing is traced.

    Args:
        questions: The set.
        progress: Is told how many are answered, and of how many.
    """
    scores, took = list[Scores](), list[float]()
    with langsmith.tracing_context(enabled=False):
        for number, case in enumerate(questions.cases, 1):
            began = time.perf_counter()
            answered = questions.answer(case.inputs)
            took.append((time.perf_counter() - began) * 1000)
            scores.append(questions.score(answered, case.expected))
            progress(number, len(questions.cases))
    return Evaluated(questions.name, questions.source, len(took), means(scores), sorted(took))


def means(scores: Sequence[Scores]) -> Scores:
    """Return the mean of each score, of the cases that have it."""
    names = dict.fromkeys(name for one in scores for name in one)
    return {name: fmean(one[name] for one in scores if name in one) for name in names}
