"""How right routes are, and how far their confidence can be believed: numbers over lists of decisions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from metahuman.state.parts import DESTINATIONS

#: What a message is counted under that was taken for several wishes, though it is one.
SEVERAL = "several"
#: Confidence is looked at in so many steps, each as wide as the others.
BINS = 10


class Decision(NamedTuple):
    """Where a message ought to go and where it went, each destination once; how sure that was, and whether enough."""

    right: tuple[str, ...]
    found: tuple[str, ...]
    confidence: float
    sure: bool

    @property
    def hit(self) -> bool:
        """Whether it went exactly where it ought to go."""
        return set(self.right) == set(self.found)


class Score(NamedTuple):
    """How well one destination is found; `support` messages ought to go there."""

    precision: float
    recall: float
    f1: float
    support: int


class Bin(NamedTuple):
    """Decisions of about the same confidence: how many, how sure they were on average, and the share that was right."""

    decisions: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Measured:
    """What decisions come to; a share of nothing is None.

    Args:
        lines: How many there are.
        accuracy: The share that went exactly where they ought to go.
        macro_f1: The mean F1 of the destinations that occur.
        decided: The share that the classifier was sure enough of.
        decided_accuracy: The share of those that is right.
        calibration_error: By how much confidence and accuracy differ, on average; 0 is perfect.
        bins: The decisions by confidence, the least sure first.
        auroc: How likely a right decision is surer than a wrong one; a half is chance.
        scores: By destination, of those that occur.
        confusion: Of the messages with a single wish: by where they ought to go, how many went where.
        several: How many lines ask for several things.
        several_exact: The share of those that went to exactly the right destinations.
    """

    lines: int
    accuracy: float | None
    macro_f1: float | None
    decided: float | None
    decided_accuracy: float | None
    calibration_error: float | None
    bins: list[Bin]
    auroc: float | None
    scores: dict[str, Score]
    confusion: dict[str, dict[str, int]]
    several: int
    several_exact: float | None

    @property
    def went(self) -> list[str]:
        """Where single wishes ought to go, or went all the same: the rows and columns of a table."""
        there = self.confusion.keys() | {name for row in self.confusion.values() for name in row}
        return [name for name in (*DESTINATIONS, SEVERAL) if name in there]

    def as_json(self) -> dict[str, Any]:
        """Return the numbers for scripts, to four places."""
        return {
            "lines": self.lines,
            "accuracy": _short(self.accuracy),
            "macroF1": _short(self.macro_f1),
            "decided": _short(self.decided),
            "decidedAccuracy": _short(self.decided_accuracy),
            "calibrationError": _short(self.calibration_error),
            "bins": [_shortened(one) for one in self.bins],
            "auroc": _short(self.auroc),
            "destinations": {name: _shortened(score) for name, score in self.scores.items()},
            "confusion": self.confusion,
            "several": {"lines": self.several, "exact": _short(self.several_exact)},
        }


def measure(decisions: Sequence[Decision]) -> Measured:
    """Return what decisions come to."""
    hits = [one.hit for one in decisions]
    sure = [one.hit for one in decisions if one.sure]
    several = [one.hit for one in decisions if len(one.right) > 1]
    single = [one for one in decisions if len(one.right) == 1]
    scores = f1([one.right for one in decisions], [one.found for one in decisions])
    confidences = [one.confidence for one in decisions]
    bins = calibration(confidences, hits)
    went = [one.found[0] if len(one.found) == 1 else SEVERAL for one in single]
    return Measured(
        lines=len(decisions),
        accuracy=share(hits),
        macro_f1=sum(one.f1 for one in scores.values()) / len(scores) if scores else None,
        decided=share([one.sure for one in decisions]),
        decided_accuracy=share(sure),
        calibration_error=calibration_error(bins),
        bins=bins,
        auroc=auroc(confidences, hits),
        scores=scores,
        confusion=confusion([one.right[0] for one in single], went),
        several=len(several),
        several_exact=share(several),
    )


def share(hits: Sequence[bool]) -> float | None:
    """Return which share is true; None of nothing."""
    return sum(hits) / len(hits) if hits else None


def confusion(right: Sequence[str], found: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return, by where messages ought to go, how many went where: in the destinations' order, without what is empty."""
    names = [*DESTINATIONS, SEVERAL]
    counts = np.zeros((len(names), len(names)), np.int64)
    rows, columns = ([names.index(one) for one in labels] for labels in (right, found))
    np.add.at(counts, (rows, columns), 1)
    return {
        name: {other: int(count) for other, count in zip(names, row, strict=True) if count}
        for name, row in zip(names, counts, strict=True)
        if row.any()
    }


def f1(right: Sequence[Collection[str]], found: Sequence[Collection[str]]) -> dict[str, Score]:
    """Return how well each destination is found, of those that messages ought to go to.

    Args:
        right: Where each message ought to go; one destination or several.
        found: Where it went.
    """
    wanted, got = (
        np.array([[name in one for name in DESTINATIONS] for one in side], bool).reshape(-1, len(DESTINATIONS))
        for side in (right, found)
    )
    both, support, named = (wanted & got).sum(0), wanted.sum(0), got.sum(0)
    precision = both / np.maximum(named, 1)
    recall = both / np.maximum(support, 1)
    harmonic = 2 * both / np.maximum(support + named, 1)
    columns = zip(DESTINATIONS, precision, recall, harmonic, support, strict=True)
    return {name: Score(float(p), float(r), float(f), int(n)) for name, p, r, f, n in columns if n}


def calibration(confidences: Sequence[float], hits: Sequence[bool], bins: int = BINS) -> list[Bin]:
    """Return decisions by confidence, in steps of the same width; steps without any are left out."""
    sure, right = np.asarray(confidences, np.float64), np.asarray(hits, bool)
    step = np.minimum((sure * bins).astype(int), bins - 1)
    groups = [step == number for number in range(bins)]
    return [Bin(int(one.sum()), float(sure[one].mean()), float(right[one].mean())) for one in groups if one.any()]


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """Return the expected calibration error: how far confidence and accuracy are apart, on average over decisions.

    Guo et al. (2017), "On calibration of modern neural networks", section 2.
    """
    count = sum(one.decisions for one in bins)
    return sum(one.decisions * abs(one.confidence - one.accuracy) for one in bins) / count if count else None


def auroc(scores: Sequence[float], truths: Sequence[bool]) -> float | None:
    """Return how likely a true case scores higher than a false one, ties counting half; None without both."""
    true = np.asarray(truths, bool)
    if true.all() or not true.any():
        return None
    _, place, counts = np.unique(np.asarray(scores, np.float64), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive, negative = int(true.sum()), int((~true).sum())
    return float((ranks[true].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _shortened(value: NamedTuple) -> dict[str, Any]:
    return {key: round(one, 4) if isinstance(one, float) else one for key, one in value._asdict().items()}
