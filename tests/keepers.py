"""Memories and their keeper, on a home of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from metahuman.memory.index import Where
from metahuman.memory.recall.words import stems
from metahuman.memory.store.episodic import EpisodicStore
from metahuman.memory.store.keeping import Keeper
from metahuman.memory.store.sqlite_index import SqliteIndex
from metahuman.state.memories import Memory


def a_memory(memory_id: str, content: str = "", **more: Any) -> Memory:
    """Return a memory that is about its own id, unless `content` says otherwise."""
    fields = {"timestamp": "2026-05-17T12:00:00.000Z", "type": "conversation", **more}
    return Memory(id=memory_id, content=content or f"about {memory_id}", **fields)


@contextmanager
def keeper_of(home: Path) -> Iterator[Keeper]:
    """Open the memories of a home."""
    keeper = Keeper(EpisodicStore(home / "memory" / "episodic"), SqliteIndex(home / "state" / "memory.sqlite"))
    try:
        yield keeper
    finally:
        keeper.close()


def found(keeper: Keeper, words: str) -> list[str]:
    """Return the ids that a search for some words finds, the best first."""
    return [candidate.document.id for candidate in keeper.index.search(stems(words), Where(), 10)]


def bytes_of_index(home: Path) -> bytes:
    """Return all that lies on the disk of an index, its side files too."""
    return b"".join(path.read_bytes() for path in sorted((home / "state").glob("memory*")))
