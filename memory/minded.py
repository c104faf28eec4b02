"""Memories' meanings, where the owner has an embedder at work: made beside the conversation, lost without harm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from metahuman.memory.hygiene.told import answer_of, content_of
from metahuman.memory.recall.meaning import Meaning
from metahuman.memory.recall.vectors import SqliteVectors
from metahuman.state.memories import Memory

#: Characters of a memory that an embedder is given: more than most can read blurs what it is about.
READ = 1200
#: Memories that are embedded at once.
BATCH = 32


class Minded:
    """An embedder, and the vectors that it has made of memories.

    Args:
        meaning: The embedder.
        path: Where its vectors are kept; another embedder's are kept elsewhere.
    """

    def __init__(self, meaning: Meaning, path: Path) -> None:
        self.meaning, self.vectors = meaning, SqliteVectors(path)

    def learn(self, memories: Sequence[Memory]) -> None:
        """Keep a vector for each memory.

        Raises:
            ModelError: If the embedder does not answer.
            StoreError: If the vectors cannot be kept.
        """
        texts = [f"{content_of(memory)}\n{answer_of(memory) or ''}".strip()[:READ] for memory in memories]
        vectors = self.meaning.vectors(texts, asking=False)
        self.vectors.put({memory.id: vector for memory, vector in zip(memories, vectors, strict=True)})

    def missing(self, ids: Iterable[str]) -> Iterable[list[str]]:
        """Yield the ids of memories without a vector, as many at once as are embedded at once."""
        rest = iter(ids)
        while some := list(islice(rest, BATCH)):
            known = self.vectors.get(some)
            if new := [one for one in some if one not in known]:
                yield new


def forget_vectors(folder: Path, memory_id: str) -> None:
    """Remove a memory's vectors, whoever made them."""
    for path in folder.glob("*.sqlite"):
        vectors = SqliteVectors(path)
        vectors.remove([memory_id])
        vectors.close()
