"""Memories kept in PostgreSQL: what a home asks of its keeper, for several workers on one home."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from metahuman.memory.index import Document
from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.forgetting import forget
from metahuman.memory.postgres.index import PostgresIndex
from metahuman.memory.postgres.memories import BATCH, PostgresMemories, Stored, memories_in
from metahuman.memory.postgres.verifying import verify
from metahuman.memory.store.bulk import Saved
from metahuman.memory.store.episodic import Change
from metahuman.memory.store.forgetting import Forgotten
from metahuman.memory.store.keeping import Progress
from metahuman.memory.store.syncing import Synced
from metahuman.memory.store.verifying import Verified
from metahuman.state.errors import BadChoice, MetaHumanError
from metahuman.state.memories import Memory


class PostgresKeeper:
    """The memories of one home; see `metahuman.memory.keeper.MemoryKeeper`.

    Args:
        database: The home's part of the database; it is opened when it is first used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.index, self.memories = PostgresIndex(database), PostgresMemories(database)

    def save(self, memory: Memory | Mapping[str, Any]) -> None:
        """Keep a memory; one whose id is already there is left as it is.

        Raises:
            SettingError: If it is no memory.
            StoreError: If it cannot be kept.
        """
        self.memories.save(memory)

    def save_all(self, memories: Iterable[Memory], progress: Progress | None = None) -> Saved:
        """Keep many memories. Interrupted, it has kept some, each of them whole; doing it again keeps the others.

        Args:
            memories: As many as there are; they are taken a batch at a time.
            progress: Told after each batch how many there were; of how many is not known, and 0.

        Raises:
            StoreError: If the database cannot be used.
        """
        new, known, refused, waiting = 0, 0, list[str](), iter(memories)
        while batch := list(islice(waiting, BATCH)):
            rows, why = self._rows(batch)
            saved = self.memories.save_all(rows)
            new, known, refused = new + saved, known + len(rows) - saved, refused + why
            if progress:
                progress(new + known + len(refused), 0)
        return Saved(new, known, refused)

    def place(self, memory_id: str) -> str:
        """Return where a memory's file would be, inside `memory/episodic`.

        Raises:
            BadChoice: If there is no such memory.
        """
        return self._stored(memory_id).place

    def read(self, memory_id: str) -> Memory:
        """Return a memory.

        Raises:
            BadChoice: If there is no such memory.
        """
        return self._stored(memory_id).memory

    def edit(self, memory_id: str, change: Change) -> Memory:
        """Change a memory, see `PostgresMemories.edit`; return it.

        Raises:
            BadChoice: If there is no such memory.
            SettingError: If it would no longer be a memory; it is then as before.
            StoreError: If it cannot be kept.
        """
        changed = self.memories.edit(memory_id, change)
        if changed is None:
            raise _unknown(memory_id)
        return changed

    def replace(self, memory: Memory | Mapping[str, Any]) -> Memory:
        """Put a memory, whole, in the place of the one of the same id. Errors as for `edit`."""
        new = self.memories.new(memory)
        with self.writing():
            return self.memories.replace(Stored(self.place(new.memory.id), new.value))

    def remove(self, memory_id: str) -> str:
        """Delete a memory and what the index holds of it; return where it was. See `forget` for its traces.

        Raises:
            BadChoice: If there is no such memory.
            StoreError: If it cannot be deleted.
        """
        with self.writing():
            place = self.place(memory_id)
            self.memories.remove([memory_id])
        return place

    def forget(self, root: Path, memory_id: str, progress: Progress | None = None) -> Forgotten:
        """Delete a memory and what was made from it; see `forgetting.forget`."""
        self.place(memory_id)
        return forget(self._database, self.memories, root, memory_id, progress)

    def shown(self, documents: Sequence[Document]) -> list[Memory]:
        """Return the memories of documents that were found, as they now are, in order; what is gone is left out."""
        stored = self.memories.stored([document.id for document in documents])
        memories = {memory.id: memory for memory in memories_in(stored)}
        return [memories[document.id] for document in documents if document.id in memories]

    def all(self) -> Iterator[Memory]:
        """Yield every memory, one at a time, newest first."""
        return self.memories.all()

    def latest(self, containing: str, limit: int) -> list[dict[str, Any]]:
        """Return at most `limit` memories in whose text `containing` stands, in whatever case, newest first."""
        return self.memories.latest(containing, limit)

    def count(self) -> int:
        """Return how many memories there are."""
        return self.memories.count()

    def close(self) -> None:
        """Close the connections; they are opened again when they are needed."""
        self._database.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keep every other writer out meanwhile; what fails inside is undone, all of it.

        Raises:
            StoreError: If the database cannot be used.
        """
        with self._database.writing():
            yield

    def sync(self, progress: Progress | None = None) -> Synced:
        """Return that nothing was changed by hand: there are no files."""
        return Synced(0, 0, 0, [])

    def reindex(self, progress: Progress | None = None) -> Synced:
        """Make the index anew; until its end, the old one is searched.

        Args:
            progress: Told how many memories were read, of how many.

        Raises:
            StoreError: If the database cannot be used.
        """
        return Synced(self.memories.reindex(progress or _untold), 0, 0, [])

    def verify(self, progress: Progress | None = None) -> Verified:
        """Read every memory and compare it with the index; see `verifying.verify`."""
        return verify(self._database, self.memories, self.index, progress)

    def _stored(self, memory_id: str) -> Stored:
        found = self.memories.stored([memory_id])
        if not found:
            raise _unknown(memory_id)
        return found[0]

    def _rows(self, memories: Iterable[Memory]) -> tuple[list[Stored], list[str]]:
        """Return memories as they would be kept, and why some cannot be."""
        rows, why = list[Stored](), list[str]()
        for memory in memories:
            try:
                rows.append(self.memories.new(memory))
            except MetaHumanError as error:
                why.append(str(error))
        return rows, why


def _unknown(memory_id: str) -> BadChoice:
    return BadChoice(f"there is no memory {memory_id!r}; `metahuman memory list` names them")


def _untold(done: int, total: int) -> None:
    pass
