"""mem0 beside recall, where it is installed: the same memories, word for word, and the same embedder."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.embeddings import Embeddings
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from benchmarks.memory_sets import Life, Question
from metahuman.memory.recall.meaning import Meaning


def mem0_missing(encoder: Path | None) -> str:
    """Return why mem0 cannot be measured; "" if it can."""
    if not all(importlib.util.find_spec(name) for name in ("mem0", "langchain")):
        return "it is not installed (pip install mem0ai langchain)"
    return "" if encoder else "it needs an embedder (--meaning)"


class Mem0:
    """mem0 over the memories of one life. They are kept as they are: no model draws conclusions from them.

    Args:
        folder: Where it keeps its data.
        life: The memories.
        meaning: The embedder.
        limit: How many memories a question brings.
    """

    def __init__(self, folder: Path, life: Life, meaning: Meaning, limit: int) -> None:
        from mem0 import Memory

        store = {"path": str(folder / f"mem0 {life.name}"), "embedding_model_dims": 384, "on_disk": True}
        self._limit = limit
        self._memory: Any = Memory.from_config(
            {
                "embedder": {"provider": "langchain", "config": {"model": _Embeddings(meaning)}},
                "llm": {"provider": "langchain", "config": {"model": FakeListChatModel(responses=["{}"])}},
                "vector_store": {"provider": "qdrant", "config": store},
                "history_db_path": str(folder / f"mem0 {life.name}.history"),
            }
        )
        for turn in life.turns:
            said = f"{turn.document.speaker}: {turn.text}".removeprefix(": ")
            self._memory.add(said, user_id="owner", metadata={"turn": turn.document.id}, infer=False)

    def find(self, question: Question) -> list[str]:
        """Return the ids of the memories that it finds, best first."""
        found = self._memory.search(question.text, filters={"user_id": "owner"}, top_k=self._limit, threshold=0.0)
        return [one["metadata"]["turn"] for one in found["results"]]


class _Embeddings(Embeddings):
    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._vectors(texts, asking=False)

    def embed_query(self, text: str) -> list[float]:
        return self._vectors([text], asking=True)[0]

    def _vectors(self, texts: Sequence[str], *, asking: bool) -> list[list[float]]:
        return [[float(number) for number in one] for one in self._meaning.vectors(texts, asking=asking)]
