"""A small language model of letters, or of words, by counting: what a text costs who knows its author."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

#: Stands before the first symbol of a text.
START = "\x00"


class NGrams:
    """An interpolated n-gram model with the estimate of Witten and Bell.

    p(x | h) = (c(hx) + t(h) p(x | h')) / (c(h) + t(h)), where c counts, t(h) is the number of different things that
    follow h, and h' is h without its first; at the end stands 1 / `alphabet`. Witten and Bell 1991, "The
    zero-frequency problem", IEEE Transactions on Information Theory 37(4), method C.

    Args:
        order: Symbols that are looked at, the one that is told counted.
        alphabet: How many different symbols there may be.
        texts: What it learns from, each by itself; each character is a symbol.
    """

    def __init__(self, order: int, alphabet: int, texts: Iterable[str]) -> None:
        self._order, self._alphabet, self._start = order, alphabet, START * (order - 1)
        padded = [f"{self._start}{text}" for text in texts]
        self._counts = [Counter(self._grams(padded, length)) for length in range(1, order + 1)]
        self._held = [_totals(counts) for counts in self._counts]
        self._cost: dict[str, float] = {}

    def bits(self, text: str) -> float:
        """Return what a text costs, in bits."""
        return sum(map(self._bits, self._grams([f"{self._start}{text}"], self._order)))

    def _grams(self, padded: Iterable[str], length: int) -> Iterable[str]:
        """Yield the runs of so many symbols that end at each symbol of the texts."""
        first = self._order - length
        return (text[at : at + length] for text in padded for at in range(first, len(text) - length + 1))

    def _bits(self, gram: str) -> float:
        if gram not in self._cost:
            self._cost[gram] = -math.log2(self._probability(gram))
        return self._cost[gram]

    def _probability(self, gram: str) -> float:
        found = 1 / self._alphabet
        for length, counts in enumerate(self._counts, start=1):
            total, kinds = self._held[length - 1].get(gram[-length:-1], (0, 0))
            if not total:
                break  # what is longer was never seen either
            found = (counts[gram[-length:]] + kinds * found) / (total + kinds)
        return found


def _totals(counts: Counter[str]) -> dict[str, tuple[int, int]]:
    """Return how often each beginning was seen, and how many different things followed it."""
    found: dict[str, tuple[int, int]] = {}
    for gram, count in counts.items():
        total, kinds = found.get(gram[:-1], (0, 0))
        found[gram[:-1]] = total + count, kinds + 1
    return found
