"""The lesser classifier, for a machine without the encoder: by the letters of a message alone."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metahuman.routing.arrays import read_arrays
from metahuman.routing.kernel import Array, fit, softmax, unit
from metahuman.state.errors import StoreError
from metahuman.state.parts import DESTINATIONS

#: The model that comes with the program.
SHIPPED_WORDS = Path(__file__).parent / "words.npz"
#: Lengths of the runs of letters that are looked at, and the cells they are hashed into.
RUNS, CELLS = (2, 3, 4, 5), 1 << 13
#: Characters looked at, at either end of a long message.
HEAD, TAIL = 320, 160


@dataclass(frozen=True)
class WordModel:
    """A linear model over runs of letters.

    Args:
        mean: The mean of the examples' cells, (CELLS,).
        weights: What each cell adds to each destination, (CELLS, 8).
        sharpness: What scores are multiplied with before they become probabilities.
    """

    mean: Array
    weights: Array
    sharpness: float

    def destinations(self, messages: Sequence[str]) -> Array:
        """Return the probabilities of the destinations, (n, 8)."""
        return softmax(self.scores(messages) * self.sharpness)

    def scores(self, messages: Sequence[str]) -> Array:
        """Return the scores of the destinations, (n, 8)."""
        return np.asarray(unit(cells(messages), self.mean) @ self.weights, np.float32)


def cells(messages: Sequence[str]) -> Array:
    """Return how often each cell's runs of letters stand in each message, damped: unit rows, (n, CELLS)."""
    found = np.zeros((len(messages), CELLS), np.float32)
    for row, message in zip(found, messages, strict=True):
        for run, count in Counter(_runs(message)).items():
            hashed = zlib.crc32(run.encode("utf-8", "replace"))
            row[hashed % CELLS] += (1 if hashed >> 31 else -1) * (1 + np.log(count))
    return unit(found, np.zeros(CELLS, np.float32))


def learn_words(messages: Sequence[str], targets: Array, ridge_weights: Array) -> tuple[Array, Array]:
    """Return the mean and the weights fitted to examples.

    Args:
        messages: Their messages.
        targets: The scores wanted, (n, 8).
        ridge_weights: What each example weighs, (n,).
    """
    raw = cells(messages)
    mean = raw.mean(0)
    seen = unit(raw, mean)
    return mean, seen.T @ fit(seen @ seen.T, targets, ridge_weights)


def load_words(path: Path) -> WordModel:
    """Return the model that a file holds.

    Raises:
        StoreError: If it cannot be read or is broken.
    """
    try:
        found = read_arrays(path, ["mean", "weights", "sharpness"])
        mean, weights = (found[name].astype(np.float32) for name in ("mean", "weights"))
        if mean.shape != (CELLS,) or weights.shape != (CELLS, len(DESTINATIONS)):
            raise ValueError("its arrays have other sizes")
        return WordModel(mean, weights, float(found["sharpness"]))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(path, f"is no routing model: {error}", "install the metahuman package again") from error


def _runs(message: str) -> list[str]:
    ends = message if len(message) <= HEAD + TAIL else f"{message[:HEAD]} {message[-TAIL:]}"
    text = f" {' '.join(ends.casefold().split())} "
    return [text[start : start + size] for size in RUNS for start in range(len(text) - size + 1)]
