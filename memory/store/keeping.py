"""Memories kept: their files, which are the truth, and the index over them, as one."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from metahuman.memory.index import Document
from metahuman.memory.store.documents import document_of, memory_in
from metahuman.memory.store.episodic import Change, EpisodicStore
from metahuman.memory.store.sqlite_index import SqliteIndex
from metahuman.state.errors import BadChoice, MetaHumanError, SettingError, StoreError
from metahuman.state.memories import Memory

#: What a long job tells: how many are done, of how many; 0 where that is not known.
Progress = Callable[[int, int], None]
T = TypeVar("T")
#: Files that a long job reads or writes before others get their turn, and the seconds that these then have.
BATCH, TURN = 200, 0.004
_LOG = logging.getLogger(__name__)


class Keeper:
    """The memories of one home, for any number of threads and processes.

    A file is written before the index tells of it. Before that, the index notes what is about to be written; whoever
    writes next settles what is left of a writer that died. An index that cannot be used holds up nothing: the files
    are written, and it is made anew from them.

    Args:
        files: The memories' files.
        index: The index over them.
    """

    def __init__(self, files: EpisodicStore, index: SqliteIndex) -> None:
        self.files, self.index = files, index
        self._told = False

    def save(self, memory: Memory | Mapping[str, Any]) -> Path:
        """Keep a memory and return its file; one whose id is already there is left as it is.

        Raises:
            SettingError: If it is no memory.
            StoreError: If it cannot be written, or its id or timestamp cannot name a file.
        """
        value = memory.as_json() if isinstance(memory, Memory) else dict(memory)
        place = self.files.place(value)
        memory_id = memory_in(self.files.folder / place, value).id
        with self.writing():
            if known := self.known([memory_id]).get(memory_id):
                return self.files.folder / known
            self.intend([(memory_id, place)])
            path = self.files.save(value)
            self.take([place])
        return path

    def place(self, memory_id: str) -> str:
        """Return where a memory's file is, inside `memory/episodic`.

        Raises:
            BadChoice: If there is no such memory.
        """
        place = self.known([memory_id]).get(memory_id) or self.files.find(memory_id)
        if not place:
            raise BadChoice(f"there is no memory {memory_id!r}; `metahuman memory list` names them")
        return place

    def read(self, memory_id: str) -> Memory:
        """Return a memory as its file has it.

        Raises:
            BadChoice: If there is no such memory.
            SettingError: If its file holds none.
        """
        return self.files.load(self.place(memory_id)).memory

    def edit(self, memory_id: str, change: Change) -> Memory:
        """Change a memory, see `EpisodicStore.edit`; return it.

        Raises:
            BadChoice: If there is no such memory.
            SettingError: If its file holds none, or would no longer.
            StoreError: If it cannot be written.
        """
        return self._changed(memory_id, lambda place: self.files.edit(place, change))

    def replace(self, memory: Memory | Mapping[str, Any]) -> Memory:
        """Put a memory, whole, in the place of the one of the same id.

        Raises:
            BadChoice: If there is no such memory.
            SettingError: If it is no memory.
            StoreError: If it cannot be written.
        """
        value = memory.as_json() if isinstance(memory, Memory) else dict(memory)
        return self._changed(str(value.get("id")), lambda place: self.files.replace(place, value))

    def remove(self, memory_id: str) -> str:
        """Delete a memory's file and what the index holds of it; return where it was. See `forget` for its traces.

        Raises:
            BadChoice: If there is no such memory.
            StoreError: If it cannot be deleted.
        """
        with self.writing():
            place = self.place(memory_id)
            self.intend([(memory_id, place)])
            self.files.remove(place)
            self.index.remove([memory_id])
        return place

    def shown(self, documents: Sequence[Document]) -> list[Memory]:
        """Return the memories of documents that were found, as their files now have them, in the same order.

        A file that was edited by hand is indexed anew; one that is gone, or holds no memory any more, is left out.
        """
        found, changed = [], []
        for document in documents:
            try:
                read = self.files.load(document.path)
            except MetaHumanError:
                changed.append(document.path)
                continue
            if read.stamp != document.stamp:
                changed.append(document.path)
            if read.memory.id == document.id:
                found.append(read.memory)
        if changed:
            with self.writing():
                self.take(changed)
        return found

    def all(self) -> Iterator[Memory]:
        """Yield every memory, one at a time, newest first by file name."""
        return self.files.all()

    def count(self) -> int:
        """Return how many memory files there are."""
        return self.files.count()

    def close(self) -> None:
        """Close what is open; it is opened again when it is needed."""
        self.index.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keep every other writer out meanwhile, and settle what one that died has left.

        Raises:
            StoreError: If another process holds it for too long.
        """
        with self.files.alone():
            self._tried(self._settle, None)
            yield

    def take(self, places: Iterable[str]) -> list[SettingError]:
        """Index files as they are now, and take out of the index what is gone; only inside `writing`.

        Returns:
            What is wrong with files that hold no memory.
        """
        documents, gone, broken = list[Document](), list[str](), list[SettingError]()
        for place in places:
            try:
                read = self.files.load(place)
                documents.append(document_of(read.memory, place, read.stamp))
            except StoreError:
                gone.append(place)
            except SettingError as error:
                gone.append(place)
                broken.append(error)
        return [*broken, *self._tried(lambda: self._indexed(documents, gone), list[SettingError]())]

    def known(self, ids: Sequence[str]) -> dict[str, str]:
        """Return where the files of these memories are, of those that the index has and whose files are there."""
        paths = self._tried(lambda: self.index.paths(ids), dict[str, str]())
        return {name: path for name, path in paths.items() if (self.files.folder / path).exists()}

    def intend(self, places: Iterable[tuple[str, str]]) -> None:
        """Note which files are about to be written or removed, id and place of each; only inside `writing`."""
        self._tried(lambda: self.index.intend(places), None)

    def _indexed(self, documents: Sequence[Document], gone: Sequence[str]) -> list[SettingError]:
        doubles = self._doubles(documents)
        self.index.put(document for document in documents if document.path not in doubles)
        if gone:
            self.index.remove(self.index.ids_at(gone))
        return list(doubles.values())

    def _doubles(self, documents: Sequence[Document]) -> dict[str, SettingError]:
        """Return which files hold a memory that the index has from another file; the first one stands."""
        first = self.index.paths([one.id for one in documents])
        doubles = {}
        for document in documents:
            other = first.setdefault(document.id, document.path)
            if other != document.path and (self.files.folder / other).exists():
                remedy = "give it an id of its own, or remove one of the two"
                path = self.files.folder / document.path
                doubles[document.path] = SettingError(path, "id", f"{other} has the same", remedy)
        return doubles

    def _settle(self) -> None:
        left = self.index.intents()
        for _, place in left:
            self.files.sweep(place)
        if left:
            self.take([place for _, place in left])
            self.index.settled([memory_id for memory_id, _ in left])

    def _changed(self, memory_id: str, change: Callable[[str], Memory]) -> Memory:
        with self.writing():
            place = self.place(memory_id)
            self.intend([(memory_id, place)])
            try:
                return change(place)
            finally:
                self.take([place])

    def _tried(self, work: Callable[[], T], otherwise: T) -> T:
        """Go on without the index where it cannot be used, and say so once: the next sync brings it up to date."""
        try:
            return work()
        except StoreError as error:
            if not self._told:
                self._told = True
                _LOG.warning("%s; memories are kept, and found again once it can be used", error)
            return otherwise
