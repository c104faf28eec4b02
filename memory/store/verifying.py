"""Whether the files and the index agree, and what is broken: a look that changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from metahuman.memory.index import Document
from metahuman.memory.store.documents import document_of
from metahuman.memory.store.keeping import BATCH, Keeper, Progress
from metahuman.state.errors import SettingError, StoreError


@dataclass
class Verified:
    """What a look at every memory found.

    Args:
        files: How many files there are.
        broken: What is wrong with those that hold no memory.
        missing: Files that are not in the index.
        differing: Files that the index has otherwise.
        gone: Files that the index has, and that are not there.
        faults: What is wrong inside the index.
    """

    files: int = 0
    broken: list[SettingError] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.broken or self.missing or self.differing or self.gone or self.faults)


def verify(keeper: Keeper, progress: Progress | None = None) -> Verified:
    """Read every memory and compare it with the index; nothing is changed.

    Args:
        keeper: The memories.
        progress: Told how many files have been read, of how many.

    Raises:
        StoreError: If the folder or the index cannot be read.
    """
    there = sorted(place for place, _ in keeper.files.places())
    held = [path for _, path, _ in keeper.index.stamps()]
    doubtful, waiting, done = Verified(), iter(there), 0
    while batch := list(islice(waiting, BATCH)):
        _look(keeper, batch, doubtful)
        done += len(batch)
        if progress:
            progress(done, len(there))
    doubtful.gone = sorted(set(held) - set(there))
    found = Verified(files=len(there), broken=doubtful.broken)
    with keeper.files.alone():  # who was writing just then has indexed it by now
        _look(keeper, [*doubtful.missing, *doubtful.differing], found)
        found.gone = _still_gone(keeper, doubtful.gone)
    found.faults = keeper.index.faults()
    return found


def _look(keeper: Keeper, places: Iterable[str], found: Verified) -> None:
    documents: list[Document] = []
    for place in places:
        try:
            read = keeper.files.load(place)
            documents.append(document_of(read.memory, place, read.stamp))
        except StoreError:  # deleted since
            continue
        except SettingError as error:
            found.broken.append(error)
    indexed = keeper.index.find([document.id for document in documents])
    for document in documents:
        other = indexed.get(document.id)
        if other is None:
            found.missing.append(document.path)
        elif other.document.path != document.path and (keeper.files.folder / other.document.path).exists():
            path = keeper.files.folder / document.path
            found.broken.append(
                SettingError(path, "id", f"{other.document.path} has the same", "remove one of the two")
            )
        elif other.document != document:
            found.differing.append(document.path)


def _still_gone(keeper: Keeper, places: Iterable[str]) -> list[str]:
    absent = [place for place in places if not (keeper.files.folder / place).exists()]
    return [place for place in absent if keeper.index.ids_at([place])]
