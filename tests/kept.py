"""Memories written as a home writes them, through hygiene, but kept in a dict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metahuman.memory.hygiene.edits import fact_signs, response_of
from metahuman.memory.hygiene.preparing import Prepared, prepare
from metahuman.memory.index import Document, MemoryIndex, Stamp
from metahuman.memory.store.documents import document_of
from metahuman.memory.store.episodic import patched
from metahuman.state.memories import Memory
from tests.memory_index import InMemoryIndex


def indexed(memory: Memory) -> Document:
    """Return what an index is to keep of a memory: its facts' signs too, and no answer that only repeats."""
    document = document_of(memory.model_copy(update={"response": response_of(memory)}), "", Stamp(0, 0))
    told = dict.fromkeys([*document.told.split(), *fact_signs(memory)])
    return document._replace(told=" ".join(told))


def said(
    content: str, at: str = "2024-05-01T10:00:00Z", response: str | None = None, name: str = "", **metadata: Any
) -> Memory:
    """Return a turn as it comes to be saved."""
    return Memory.model_validate(
        {
            "id": name or f"evt-{abs(hash((content, at))):x}",
            "timestamp": at,
            "type": metadata.pop("type", "conversation"),
            "content": content,
            "response": response,
            "metadata": metadata,
        }
    )


class Kept:
    """What is kept, and how it got there."""

    def __init__(self, index: MemoryIndex | None = None) -> None:
        self.index: MemoryIndex = index or InMemoryIndex()
        self.files: dict[str, dict[str, Any]] = {}

    def save(self, memory: Memory, recalled: Sequence[str] = ()) -> Prepared:
        """Write a memory."""
        done = prepare(memory, self.index, self.read, recalled)
        if done.memory and done.memory.id not in self.files:
            self._write(done.memory.as_json())
        for edit in done.edits:
            value = self.files[edit.id]
            self._write(patched(value, edit.patch(value)))
        return done

    def say(self, *memories: Memory) -> list[Prepared]:
        """Write several memories, one after the other."""
        return [self.save(memory) for memory in memories]

    def read(self, memory_id: str) -> Memory | None:
        """Return a memory by its id."""
        value = self.files.get(memory_id)
        return Memory.model_validate(value) if value else None

    def _write(self, value: dict[str, Any]) -> None:
        self.files[value["id"]] = value
        self.index.put([indexed(Memory.model_validate(value))])
