"""What a home asks of whatever keeps its memories: files with an index over them, or a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from metahuman.memory.index import Document, MemoryIndex
from metahuman.memory.store.bulk import Saved
from metahuman.memory.store.episodic import Change
from metahuman.memory.store.forgetting import Forgotten
from metahuman.memory.store.keeping import Progress
from metahuman.memory.store.syncing import Synced
from metahuman.memory.store.verifying import Verified
from metahuman.state.memories import Memory


class MemoryKeeper(Protocol):
    """The memories of one home. Every method blocks; any thread may call it, and several processes work on one.

    What is asked for by an id that no memory has is a `BadChoice`; what cannot be read or written is a `StoreError`;
    what is no memory is a `SettingError`.
    """

    @property
    def index(self) -> MemoryIndex:
        """The index over the memories."""
        ...

    def save(self, memory: Memory | Mapping[str, Any]) -> Path | None:
        """Keep a memory; one whose id is already there is left as it is. Return its file, where it is in one."""
        ...

    def save_all(self, memories: Iterable[Memory], progress: Progress | None = None) -> Saved:
        """Keep many memories. Interrupted, it has kept some, each of them whole; doing it again keeps the others."""
        ...

    def place(self, memory_id: str) -> str:
        """Return where a memory's file is inside `memory/episodic`, or would be."""
        ...

    def read(self, memory_id: str) -> Memory:
        """Return a memory."""
        ...

    def edit(self, memory_id: str, change: Change) -> Memory:
        """Change a memory, while nobody else can write to it, and return it; see `store.episodic.patched`."""
        ...

    def replace(self, memory: Memory | Mapping[str, Any]) -> Memory:
        """Put a memory, whole, in the place of the one of the same id."""
        ...

    def remove(self, memory_id: str) -> str:
        """Delete a memory and what the index holds of it; return where it was. See `forget` for its traces."""
        ...

    def forget(self, root: Path, memory_id: str, progress: Progress | None = None) -> Forgotten:
        """Delete a memory and what was made from it, in the home at `root` too."""
        ...

    def shown(self, documents: Sequence[Document]) -> list[Memory]:
        """Return the memories of documents that were found, as they now are, in order; what is gone is left out."""
        ...

    def all(self) -> Iterator[Memory]:
        """Yield every memory, one at a time, newest first."""
        ...

    def latest(self, containing: str, limit: int) -> list[dict[str, Any]]:
        """Return at most `limit` memories in whose text `containing` stands, in whatever case, newest first."""
        ...

    def count(self) -> int:
        """Return how many memories there are."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Keep every other writer out meanwhile; whoever has it may take it again."""
        ...

    def sync(self, progress: Progress | None = None) -> Synced:
        """Take in what was changed by hand."""
        ...

    def reindex(self, progress: Progress | None = None) -> Synced:
        """Make the index anew; until its end, the old one is searched."""
        ...

    def verify(self, progress: Progress | None = None) -> Verified:
        """Read every memory and compare it with the index; nothing is changed."""
        ...

    def close(self) -> None:
        """Close what is open; it is opened again when it is needed."""
        ...
