"""Which of the best memories are shown: not the same twice, and no more than there is room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

#: Two memories that share so much of their words say the same.
SAME = 0.8


def unlike(words: Sequence[Sequence[str]], limit: int) -> list[int]:
    """Return the places of the first `limit` texts, best first, leaving out those that say the same as an earlier one.

    Args:
        words: The stems of each text.
        limit: How many are wanted.
    """
    kept: list[tuple[int, set[str]]] = []
    for place, text in enumerate(words):
        stems = set(text)
        if not any(_same(stems, other) for _, other in kept):
            kept.append((place, stems))
        if len(kept) == limit:
            break
    return [place for place, _ in kept]


def _same(one: set[str], other: set[str]) -> bool:
    few, many = sorted((len(one), len(other)))
    return few >= SAME * many and overlap(one, other) >= SAME  # how many words they have rules most of them out


def overlap(one: set[str], other: set[str]) -> float:
    """Return the share of the words of two texts that both have (Jaccard)."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


def spread(items: Sequence[T], limit: int) -> list[T]:
    """Return `limit` of the items, evenly over all of them, in their order."""
    if len(items) <= limit:
        return list(items)
    return [items[place * len(items) // limit] for place in range(limit)]


def fit_budget(texts: Sequence[str], tokens: int, count: Callable[[str], int]) -> list[int]:
    """Return the places of the texts, best first, that fit into so many tokens together.

    One that is too long is passed over: shorter ones after it may still fit.

    Args:
        texts: What would be shown of each memory.
        tokens: The room there is.
        count: Counts the tokens of a text.
    """
    if count("\n".join(texts)) <= tokens:  # mostly so; a tokenizer that has to be asked is asked once
        return list(range(len(texts)))
    kept = []
    for place, text in enumerate(texts):
        needed = count(text)
        if needed <= tokens:
            kept.append(place)
            tokens -= needed
    return kept
