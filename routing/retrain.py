"""Fits the classifier anew to the shipped examples and the owner's corrections, and keeps it only if it is no worse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metahuman.routing.corrections import Corrections
from metahuman.routing.fitting import Lesson, folds_of, learn, lesson_of
from metahuman.routing.model import SHIPPED_MODEL, RouteModel, load_model
from metahuman.routing.situations import Encoder
from metahuman.routing.versions import Versions
from metahuman.state.errors import StoreError
from metahuman.state.parts import DESTINATIONS


@dataclass(frozen=True)
class Retrained:
    """What came of it.

    Args:
        corrections: How many there are.
        before: The share of held-out shipped examples that a model of the others gets right.
        after: The same, with the corrections learned as well.
        learned: How many of the corrections the new classifier gets right.
        kept: Whether it is in force.
        version: The name of the classifier in force.
    """

    corrections: int
    before: float
    after: float
    learned: int
    kept: bool
    version: str


def retrain(corrections: Corrections, versions: Versions, encoder: Encoder, shipped: Path = SHIPPED_MODEL) -> Retrained:
    """Fit, measure, and put in force what is no worse than the shipped classifier on examples it has not seen.

    It is worse if more of a held-out fifth is lost than won, by more than chance would have it: one standard error of
    the difference (McNemar, 1947, "Note on the sampling error of the difference between correlated proportions").

    Args:
        corrections: What the owner said.
        versions: The home's classifiers.
        encoder: The encoder that the shipped classifier was fitted with.
        shipped: The shipped classifier's file.

    Raises:
        StoreError: If there are no corrections, or something cannot be read or written.
    """
    own = corrections.examples()
    if not own:
        raise StoreError(corrections.path, "no corrections yet", "say `/wrong tools` after a turn that went wrong")
    model = load_model(shipped)
    old, new = lesson_of(model), Lesson.of(own, encoder)
    fold = folds_of(old)
    rest, held = old.part(np.flatnonzero(fold)), old.part(np.flatnonzero(fold == 0))
    before, after = (_right(learn(each, model.sharpness), held) for each in (rest, rest + new))
    lost, won = int((before & ~after).sum()), int((after & ~before).sum())
    kept = lost - won <= (lost + won) ** 0.5
    fitted = learn(old + new, model.sharpness)
    version = versions.add(fitted.content()) if kept else versions.current
    was, now = (round(float(right.mean()), 4) for right in (before, after))
    return Retrained(len(own), was, now, int(_right(fitted, new).sum()), kept, version)


def _right(model: RouteModel, lesson: Lesson) -> NDArray[np.bool_]:
    """Return which examples go where they ought to, or to one of the places if there are several."""
    best = model.scores(lesson.encoded)[0].destinations.argmax(1)
    return np.array([DESTINATIONS[one] in right.destinations for one, right in zip(best, lesson.examples, strict=True)])
