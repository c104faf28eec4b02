"""Themes: the matters that memories keep coming back to, told by their words alone.

Candidates are one to three telling words in a row, as in RAKE (Rose et al., 2010, Text Mining, ch. 1), that stand in
several memories. They are chosen one after the other, each for what it adds: a term whose words all stand in earlier
ones adds nothing. Such a gain only shrinks, so the greedy choice is within 1 - 1/e of the best one (Nemhauser, Wolsey
and Fisher, 1978, Mathematical Programming 14), and a heap makes it quick (Minoux, 1978).
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from typing import NamedTuple

from metahuman.memory.digest.terms import Term, Terms, telling_stems

#: Themes that one look back finds at the most.
MOST = 20
#: A matter that fewer memories are about keeps coming back to nobody.
FEWEST = 2
# How much the memories that a word stands in count, and those that the whole term does. Of nine pairs the best on one
# half of QMSum's validation meetings (`benchmarks/digest.py`, which reports the other half).
_WORD, _WHOLE = 0.5, 0.1


class Theme(NamedTuple):
    """A theme: its name, the stems of its words, and the places of the texts that are about it."""

    name: str
    stems: frozenset[str]
    places: tuple[int, ...]


def themes(texts: Sequence[str], most: int = MOST) -> list[Theme]:
    """Return what several texts are about, that which says most first.

    Args:
        texts: What was said, a text for each memory.
        most: How many themes at the most.
    """
    terms = Terms(texts)
    found = [_theme(term, terms) for term in _chosen(terms, most)]
    return [theme for theme in found if len(theme.places) >= FEWEST]


def about(stems: frozenset[str], texts: Sequence[frozenset[str]]) -> tuple[int, ...]:
    """Return the places of the texts that hold all stems of a theme."""
    return tuple(place for place, text in enumerate(texts) if stems and stems <= text)


def alike(one: frozenset[str], other: frozenset[str], places: Collection[int], others: Collection[int]) -> bool:
    """Tell whether two themes are one: the same words, or one says more and both are mostly in the same texts."""
    if one == other:
        return True
    both, either = len(set(places) & set(others)), len(set(places) | set(others))
    return (one < other or other < one) and either > 0 and both * 2 >= either


def stems_of(name: str) -> frozenset[str]:
    """Return the stems of a theme's name; none where it tells nothing."""
    return telling_stems(name)


def _theme(term: Term, terms: Terms) -> Theme:
    stems = frozenset(term)
    return Theme(terms.name(term), stems, about(stems, terms.stems))


def _chosen(terms: Terms, most: int) -> list[Term]:
    """Return the terms that together say most, greedily; a gain that has shrunk since is looked at again."""
    counts = {term: len(places) for term, places in terms.places.items() if len(places) >= FEWEST}
    used, chosen = set[str](), list[Term]()

    def gain(term: Term) -> float:
        new = sum(counts.get((word,), 1) ** _WORD for word in term if word not in used)
        return float(new * counts[term] ** _WHOLE * terms.noun_share(term))

    heap = [(-gain(term), term) for term in counts]
    heapq.heapify(heap)
    while heap and len(chosen) < most:
        before, term = heapq.heappop(heap)
        now = gain(term)
        if now <= 0:
            continue
        if now < -before:
            heapq.heappush(heap, (-now, term))
            continue
        chosen.append(term)
        used |= set(term)
    return chosen
