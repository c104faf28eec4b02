"""The index brought up to date with the files, or made anew from them, while others go on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from filelock import Timeout

from metahuman.memory.store.keeping import BATCH, TURN, Keeper, Progress
from metahuman.memory.store.sqlite_index import SqliteIndex
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import make_folder, private_lock

#: Files that are read and indexed at a time where nobody waits.
AT_ONCE = 2_000


class Synced(NamedTuple):
    """What a look at the files found.

    Args:
        added: How many were new.
        changed: How many were not as they were indexed.
        gone: How many were no longer there.
        broken: What is wrong with those that hold no memory; they are left as they are.
    """

    added: int
    changed: int
    gone: int
    broken: list[SettingError]


def sync(keeper: Keeper, progress: Progress | None = None) -> Synced:
    """Take in what was added, changed and deleted by hand. Interrupted, it goes on where it was the next time.

    Args:
        keeper: The memories.
        progress: Told how many of the files to be read have been.

    Raises:
        StoreError: If the folder cannot be read.
    """
    return _synced(keeper, progress, shared=True)


def _synced(keeper: Keeper, progress: Progress | None, *, shared: bool) -> Synced:
    held = {path: stamp for _, path, stamp in keeper.index.stamps()}
    there = dict(keeper.files.places())
    stale = sorted(place for place, stamp in there.items() if held.get(place) != stamp)
    gone = [place for place in held if place not in there]
    broken = _taken(keeper, stale, progress) if shared else _taken_at_once(keeper, stale, progress)
    if gone:
        with keeper.writing():
            keeper.take(gone)
    keeper.index.mark_filled()
    bad, folder = {error.file for error in broken}, str(keeper.files.folder)
    read = [place for place in stale if f"{folder}/{place}" not in bad]
    added = sum(place not in held for place in read)
    return Synced(added, len(read) - added, len(gone), broken)


def reindex(keeper: Keeper, progress: Progress | None = None) -> Synced:
    """Make the index anew from the files, beside the one in use, and put it in its place in one step.

    Interrupted, it leaves the one in use as it was.

    Args:
        keeper: The memories.
        progress: Told how many files have been read, of how many.

    Raises:
        StoreError: If the folder cannot be read or the index not be written, or another process is at it.
    """
    path = keeper.index.path.with_name("memory.rebuild.sqlite")
    make_folder(path.parent)
    try:
        with private_lock(path.with_name(f".{path.stem}.lock"), timeout=0):
            return _remade(keeper, SqliteIndex(path), progress)
    except Timeout as error:
        raise StoreError(keeper.index.path, "another process is making it anew", "wait for that one") from error


def _remade(keeper: Keeper, index: SqliteIndex, progress: Progress | None) -> Synced:
    index.delete()  # what one that was killed has left
    beside = Keeper(keeper.files, index)
    try:
        done = _synced(beside, progress, shared=False)
        index.compact()
        with keeper.writing():
            beside.take(_since(keeper, index))
            keeper.index.take_over(index)
    finally:
        index.delete()
    return done


def _since(keeper: Keeper, index: SqliteIndex) -> list[str]:
    """Return what was written or removed while the new index was made: every writer tells the one in use."""
    made = {path: stamp for _, path, stamp in index.stamps()}
    told = {path: stamp for _, path, stamp in keeper.index.stamps()}
    written = [path for path, stamp in told.items() if made.get(path) != stamp]
    return [*written, *(path for path in made if path not in told and not (keeper.files.folder / path).exists())]


def _taken(keeper: Keeper, places: Sequence[str], progress: Progress | None) -> list[SettingError]:
    """Index files in small batches: between them, others have their turn."""
    broken = list[SettingError]()
    for start in range(0, len(places), BATCH):
        with keeper.writing():
            broken += keeper.take(places[start : start + BATCH])
        _tell(progress, start + BATCH, len(places))
        time.sleep(TURN)
    return broken


def _taken_at_once(keeper: Keeper, places: Sequence[str], progress: Progress | None) -> list[SettingError]:
    """Index files where nobody else uses the index: nobody waits, and what is changed meanwhile is read again later."""
    broken = list[SettingError]()
    for start in range(0, len(places), AT_ONCE):
        broken += keeper.take(places[start : start + AT_ONCE])
        _tell(progress, start + AT_ONCE, len(places))
    return broken


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress:
        progress(min(done, total), total)
