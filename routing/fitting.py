"""Fits the model to examples, and measures it on examples that it has not seen."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metahuman.routing.examples import Example, as_row, example_of
from metahuman.routing.kernel import Array, Known, Numbers, fit, softmax, unit
from metahuman.routing.model import HIGH, LOW, SEVERAL, RouteModel, expected, seen
from metahuman.routing.situations import Encoded, Encoder, encode
from metahuman.state.parts import DESTINATIONS

#: What an example of the owner's own weighs against one of ours.
OWN_WEIGHT = 4.0
FOLDS = 5
#: The sharpness is looked for among these; scores of 1 and of 0 come out .99 and more apart at the highest.
SHARPNESS = np.arange(1, 25, 0.25)


@dataclass(frozen=True)
class Lesson:
    """Examples, ready to be learned from.

    Args:
        examples: The examples.
        encoded: Their situations.
        encoder: The name of what encoded them.
    """

    examples: Sequence[Example]
    encoded: Encoded
    encoder: str

    def __add__(self, other: Lesson) -> Lesson:
        """Return both lessons as one."""
        encoded = Encoded(*(np.concatenate(parts) for parts in zip(self.encoded, other.encoded, strict=True)))
        return Lesson([*self.examples, *other.examples], encoded, self.encoder)

    @classmethod
    def of(cls, examples: Sequence[Example], encoder: Encoder) -> Lesson:
        """Return a lesson of `examples`."""
        return cls(examples, encode([one.situation for one in examples], encoder), encoder.name)

    def part(self, chosen: Numbers) -> Lesson:
        """Return the lesson of some of its examples."""
        return Lesson([self.examples[one] for one in chosen], self.encoded.rows(chosen), self.encoder)

    @property
    def labels(self) -> Numbers:
        """Where each goes first."""
        return np.array([DESTINATIONS.index(one.label) for one in self.examples], np.int32)

    @property
    def weights(self) -> Array:
        """What each weighs."""
        return np.array([OWN_WEIGHT if one.own else 1 for one in self.examples], np.float32)


@dataclass(frozen=True)
class Unseen:
    """What models made of examples they were not fitted to, in the examples' order.

    Args:
        raw: The scores, (n, 11).
        sharpness: The one under which the probabilities of single wishes are likeliest.
    """

    raw: Array
    sharpness: float

    @property
    def destinations(self) -> Array:
        """The probabilities, (n, 8)."""
        return softmax(self.raw[:, :SEVERAL] * self.sharpness)


def learn(lesson: Lesson, sharpness: float) -> RouteModel:
    """Return the model fitted to a lesson.

    Args:
        lesson: What to learn.
        sharpness: What `cross_validate` found for it.
    """
    encoded, mean = lesson.encoded, lesson.encoded.message.mean(0)
    plain = Known(unit(encoded.message, mean), np.zeros((0, 1), np.float32), np.zeros(0, np.int32))
    alone = _fit_alone(lesson, plain)
    situations, went = seen(encoded, mean, lambda vectors: expected(vectors, plain, alone))
    known = Known.of(situations)
    return RouteModel(
        encoder=lesson.encoder,
        rows=[as_row(one) for one in lesson.examples],
        mean=mean,
        message=encoded.message,
        led=known.led,
        owner=encoded.owner[known.led],
        twin=encoded.twin[known.led],
        tools=encoded.tools[known.led],
        signs=encoded.signs[known.led],
        went=went[known.led],
        alone=alone,
        added=fit(known.near(situations), _targets(lesson.examples), lesson.weights),
        sharpness=sharpness,
    )


def lesson_of(model: RouteModel) -> Lesson:
    """Return what a model was fitted to, so that more can be learned beside it."""
    parts = []
    for part in (model.owner, model.twin, model.tools, model.signs):
        whole = np.zeros((len(model.rows), part.shape[1]), np.float32)
        whole[model.led] = part
        parts.append(whole)
    examples = [example_of(row, "") for row in model.rows]
    return Lesson(examples, Encoded(model.message, *parts), model.encoder)


def folds_of(lesson: Lesson, folds: int = FOLDS) -> Numbers:
    """Return the fold of each example, (n,): those of a group are in one."""
    return np.array([zlib.crc32(one.group.encode()) % folds for one in lesson.examples], np.int32)


def cross_validate(lesson: Lesson, folds: int = FOLDS) -> Unseen:
    """Return what models make of each example that learned from others: no two of a group on both sides."""
    fold = folds_of(lesson, folds)
    raw = np.zeros((len(fold), LOW + 1), np.float32)
    for number in range(folds):
        model = learn(lesson.part(np.flatnonzero(fold != number)), 1.0)
        held = lesson.encoded.rows(np.flatnonzero(fold == number))
        raw[fold == number] = model.known.near(model.seen(held)) @ model.added
    return Unseen(raw, _best_sharpness(raw[:, :SEVERAL], lesson))


def _fit_alone(lesson: Lesson, known: Known) -> Array:
    """Return what examples that nothing went before add to where a message would go on its own; the others nothing."""
    single = np.array([len(one.tasks) == 1 for one in lesson.examples])
    first = single & ~np.any(lesson.encoded.signs, axis=1)
    alone = np.zeros((len(first), len(DESTINATIONS)), np.float32)
    near = known.near_message(known.message[first])[:, first]
    targets = _targets(lesson.examples)[first, :SEVERAL]
    alone[first] = fit(near, targets, lesson.weights[first])
    return alone


def _targets(examples: Sequence[Example]) -> Array:
    """Return the scores wanted: 1 shared among the destinations, less what each would get by chance; then yes or no."""
    targets = np.zeros((len(examples), LOW + 1), np.float32)
    for row, example in zip(targets, examples, strict=True):
        for destination in example.destinations:
            row[DESTINATIONS.index(destination)] = 1 / len(example.destinations)
        row[SEVERAL] = len(example.tasks) > 1
        row[HIGH], row[LOW] = example.urgency == "high", example.urgency == "low"
    targets[:, :SEVERAL] -= 1 / len(DESTINATIONS)
    return targets


def _best_sharpness(raw: Array, lesson: Lesson) -> float:
    """Return the sharpness under which the right destinations of single wishes are likeliest."""
    single = np.array([len(one.tasks) == 1 for one in lesson.examples])
    right, raw = lesson.labels[single], raw[single]
    losses = [-np.log(softmax(raw * sharp)[np.arange(len(right)), right] + 1e-9).mean() for sharp in SHARPNESS]
    return float(SHARPNESS[int(np.argmin(losses))])
