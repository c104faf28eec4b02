"""Kernel ridge regression: a message is like the examples it is near to.

Saunders, Gammerman and Vovk (1998), "Ridge regression learning algorithm in dual variables". The kernel is a Gaussian
of the message, worth less where what went before is another:

    k(a, b) = exp(-MESSAGE |a - b|^2) * (1 - CONTEXT + CONTEXT exp(-|a' - b'|^2))

with a, b unit vectors of the messages and a', b' what went before them. The constants were chosen by cross-validation
on the examples (benchmarks/routing.py prints the accuracy they reach).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.integer[Any]]

MESSAGE, CONTEXT = 0.35, 0.7
#: How much the fit may deviate from an example of weight 1.
RIDGE = 0.1
#: Situations that are compared at once while somebody waits; examples are learned from by the thousand.
FEW = 16


class Seen(NamedTuple):
    """Situations as the kernel takes them.

    Args:
        message: Vectors of the messages, of length 1, (n, d).
        before: What went before them, (n, c).
    """

    message: Array
    before: Array


class Known:
    """The examples that situations are compared with.

    Args:
        message: Vectors of their messages, of length 1, (n, d).
        before: What went before those that something went before, (m, c).
        led: Which those are, (m,).
    """

    def __init__(self, message: Array, before: Array, led: Numbers) -> None:
        self.message, self.before, self.led = message, before, led

    @classmethod
    def of(cls, seen: Seen) -> Known:
        """Return situations as examples."""
        led = np.flatnonzero(np.any(seen.before, axis=1)).astype(np.int32)
        return cls(seen.message, seen.before[led], led)

    def near(self, seen: Seen) -> Array:
        """Return how near situations are to each example, from 0 to 1: (number of situations, number of examples)."""
        near = self.near_message(seen.message)
        length = (seen.before**2).sum(1, keepdims=True)
        away = np.repeat(length, len(self.message), axis=1)
        crossed = products(seen.before, self.before) if length.any() else 0
        away[:, self.led] += self._lengths - 2 * crossed
        near *= 1 - CONTEXT + CONTEXT * np.exp(-np.maximum(away, 0))
        return near

    def near_message(self, message: Array) -> Array:
        """Return how near messages are to each example's, whatever went before; shapes as for `near`."""
        return np.asarray(np.exp(-2 * MESSAGE * (1 - products(message, self.message))), np.float32)

    @cached_property
    def _lengths(self) -> Array:
        return np.asarray((self.before**2).sum(1), np.float32)


def products(rows: Array, others: Array) -> Array:
    """Return the inner product of each of `rows`, (n, d), with each of `others`, (m, d): (n, m).

    A few rows are done one by one: numpy would share a matrix product among threads, which wait for each other far
    longer than the work takes where another program keeps a core busy (8 ms for 0.2).
    """
    if len(rows) > FEW:
        return np.asarray(rows @ others.T, np.float32)
    return np.array([np.vecdot(others, row) for row in rows], np.float32).reshape(len(rows), len(others))


def fit(near: Array, targets: Array, weights: Array) -> Array:
    """Return what each example adds to each score, (n, k).

    Args:
        near: How near the examples are to each other, (n, n).
        targets: The scores wanted, (n, k).
        weights: What each example weighs, (n,).
    """
    system = near + np.diag(RIDGE / weights).astype(np.float32)
    return np.asarray(np.linalg.solve(system, targets), np.float32)


def unit(vectors: Array, mean: Array) -> Array:
    """Return the vectors seen from their mean, each of length 1; a vector of zeros stays one."""
    centred = np.where(np.any(vectors, axis=1, keepdims=True), vectors - mean, 0)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(lengths, 1e-9), np.float32)


def softmax(scores: Array) -> Array:
    """Return the scores of each row as probabilities."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
