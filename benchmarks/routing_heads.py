"""What stands on the encoder in the benchmarks of routing: kernel ridge, logistic regression, folds.

The product's classifier is `metahuman.routing`; these are the same design for sets with labels of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metahuman.routing.kernel import Array, Numbers, softmax, unit
from metahuman.routing.words import cells

#: Steps of Newton's method: the regressions here stand still after six or seven.
STEPS = 12


@dataclass(frozen=True)
class Features:
    """Texts as the kernel takes them.

    Args:
        vectors: The encoder's, (n, d).
        letters: Their runs of letters, hashed, (n, cells).
    """

    vectors: Array
    letters: Array

    @classmethod
    def of(cls, texts: Sequence[str], encode: Callable[[Sequence[str]], Array]) -> Features:
        """Return the features of texts; of empty ones, zeros."""
        there = [number for number, text in enumerate(texts) if text.strip()]
        found = encode([texts[number] for number in there])
        vectors = np.zeros((len(texts), found.shape[1]), np.float32)
        vectors[there] = found
        return cls(vectors, cells(texts))


@dataclass(frozen=True)
class Kernel:
    """How near texts are: a Gaussian of their meaning, and to a part the runs of letters they share.

    Args:
        width: What squared distances between vectors of length 1 are multiplied with.
        letters: What part the letters have, from 0 to 1.
    """

    width: float
    letters: float

    def near(self, some: Features, others: Features, mean: Array) -> Array:
        """Return how near each of `some` is to each of `others`; `mean` is that of the known ones' vectors."""
        near = np.zeros((len(some.vectors), len(others.vectors)), np.float32)
        if self.letters < 1:
            np.matmul(unit(some.vectors, mean), unit(others.vectors, mean).T, out=near)
            near -= 1
            near *= 2 * self.width
            np.exp(near, out=near)
            near *= 1 - self.letters
        if self.letters:
            near += self.letters * (some.letters @ others.letters.T)
        return near


def solve(near: Array, targets: Array, ridge: float) -> Array:
    """Return what each known one adds to each score, (n, k); `near`, (n, n), is changed."""
    near[np.diag_indices(len(near))] += ridge
    return np.asarray(np.linalg.solve(near, targets), np.float32)


def one_hot(labels: Numbers, count: int) -> Array:
    """Return 1 for each one's label, less what each label would get by chance, (n, count)."""
    return np.asarray(np.eye(count, dtype=np.float32)[labels] - 1 / count, np.float32)


def sharpness_of(scores: Array, labels: Numbers) -> float:
    """Return what scores have to be multiplied with for the likeliest probabilities."""
    rows = np.arange(len(labels))
    grid = np.arange(1, 30, 0.5)
    losses = [-np.log(softmax(scores * one)[rows, labels] + 1e-9).mean() for one in grid]
    return float(grid[int(np.argmin(losses))])


def folds(groups: Sequence[Hashable], count: int, seed: int) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield what is known and what is held out, `count` times: no group is on both sides."""
    names = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    drawn = np.random.default_rng(seed).permutation(len(names)) % count
    fold = drawn[[names[group] for group in groups]]
    for number in range(count):
        yield np.flatnonzero(fold != number).astype(np.int32), np.flatnonzero(fold == number).astype(np.int32)


def logistic(features: Array, truths: NDArray[np.bool_], penalty: float = 1.0) -> Array:
    """Return the weights of a logistic regression, the constant last, by Newton's method.

    Args:
        features: What is known of each, (n, k).
        truths: What is so, and what is not, (n,).
        penalty: What large weights cost; the constant costs nothing.
    """
    rows = np.column_stack([features, np.ones(len(features))]).astype(np.float64)
    costs = np.full(rows.shape[1], penalty)
    costs[-1] = 1e-6
    weights = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (likely - truths) + costs * weights
        curve = (rows * (likely * (1 - likely))[:, None]).T @ rows + np.diag(costs)
        weights -= np.linalg.solve(curve, slope)
    return np.asarray(weights, np.float32)


def likelihood(features: Array, weights: Array) -> Array:
    """Return how likely each is so."""
    return np.asarray(1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1]))), np.float32)


def standard(features: Array, known: Numbers) -> Array:
    """Return features less their mean, in units of their spread, both as the known ones have them."""
    spread = features[known].std(0) + 0.1
    return np.asarray((features - features[known].mean(0)) / spread, np.float32)
