"""What recall asks of an embedder, where there is one: it finds what is said in other words. Recall works without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Meaning(Protocol):
    """An embedder."""

    def vectors(self, texts: Sequence[str], *, asking: bool) -> Vectors:
        """Return a vector of length one for each text, (n, d).

        Args:
            texts: The texts.
            asking: Whether they are questions, rather than what is to be found.
        """
        ...


class VectorStore(Protocol):
    """Keeps memories' vectors by id. Every method blocks; any thread may call it."""

    def put(self, vectors: Mapping[str, Vectors]) -> None:
        """Keep a vector for each id, in the place of the one before."""
        ...

    def get(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of these ids that are kept."""
        ...

    def remove(self, ids: Iterable[str]) -> None:
        """Forget vectors."""
        ...

    def nearest(self, vector: Vectors, limit: int) -> list[str]:
        """Return the ids whose vectors are nearest, the nearest first."""
        ...


def nearness(vector: Vectors, ids: Sequence[str], store: VectorStore) -> NDArray[np.float64]:
    """Return how near each memory's meaning is to a vector, from 0 for the farthest to 1 for the nearest of them, (n,).

    The range of an embedder's cosines is its own: only their order and distances among the candidates tell. A memory
    without a vector counts as half as near.
    """
    kept = store.get(ids)
    known = [place for place, id_ in enumerate(ids) if id_ in kept]
    result = np.full(len(ids), 0.5)
    if known:
        cosines = np.stack([kept[ids[place]] for place in known]) @ vector
        low, high = float(cosines.min()), float(cosines.max())
        result[known] = (cosines - low) / (high - low) if high > low else 0.5
    return result
