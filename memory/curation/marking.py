"""Memories marked as curated: many at once, for where each is a file, a disk syncs several in the time of one."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Literal

from metahuman.memory.curation.many_files import write_all
from metahuman.memory.curation.preparing import source_hash
from metahuman.memory.keeper import MemoryKeeper
from metahuman.memory.store.episodic import patched
from metahuman.memory.store.keeping import Keeper
from metahuman.state.curating import Curated
from metahuman.state.errors import BadChoice, SettingError
from metahuman.state.files import as_json, read_json

#: What a memory that was to be marked now is.
Mark = Literal["marked", "changed", "gone"]
#: Reasons of which the mark tells no more than the first, in so many characters: the copy has them all.
SHORT = 80


def mark(keeper: MemoryKeeper, curated: Mapping[str, Curated], pool: Executor) -> dict[str, Mark]:
    """Mark memories as curated, unless they have changed since they were looked at; what is marked stays as it is.

    Args:
        keeper: The memories.
        curated: What was kept of each, by id.
        pool: Writes the files.

    Returns:
        What each memory now is.

    Raises:
        StoreError: If one cannot be written.
    """
    with keeper.writing():
        if isinstance(keeper, Keeper):
            return _mark_files(keeper, curated, pool)
        return {memory_id: _mark_one(keeper, memory_id, one) for memory_id, one in curated.items()}


def _change(before: Mapping[str, Any], one: Curated) -> dict[str, Any] | None:
    """Return what an edit puts into a memory, so that it says what became of it; None if it has changed."""
    if source_hash(before) != one["source"]["hash"]:
        return None
    refused = one["refused"][0][:SHORT] if one["refused"] else None
    told = {"processed": True, "curated": True, "curatedAt": one["curatedAt"], "refused": refused}
    return {"metadata": told}


def _mark_one(keeper: MemoryKeeper, memory_id: str, one: Curated) -> Mark:
    changes = list[dict[str, Any] | None]()

    def change(before: Mapping[str, Any]) -> dict[str, Any]:
        changes.append(_change(before, one))
        return changes[-1] or {}

    try:
        keeper.edit(memory_id, change)
    except BadChoice:
        return "gone"
    return "marked" if changes[-1] else "changed"


def _mark_files(keeper: Keeper, curated: Mapping[str, Curated], pool: Executor) -> dict[str, Mark]:
    """Mark memories whose files this process alone may write now."""
    known = keeper.known(list(curated))
    places = {name: place for name in curated if (place := known.get(name) or keeper.files.find(name))}
    keeper.intend(places.items())
    contents = {name: _marked(keeper.files.folder / place, curated[name]) for name, place in places.items()}
    try:
        write_all(pool, {keeper.files.folder / places[name]: data for name, data in contents.items() if data})
    finally:
        keeper.take(places.values())
    marks: dict[str, Mark] = dict.fromkeys(curated, "gone")
    return marks | {name: "changed" if data is None else "marked" for name, data in contents.items()}


def _marked(path: Path, one: Curated) -> bytes | None:
    """Return what a memory's file is to hold, b"" if that is what it holds; None for one that has changed, or broke."""
    try:
        before = read_json(path)
        change = _change(before, one)
    except SettingError:
        return None
    after = patched(before, change or {})
    return None if change is None else as_json(after) if after != before else b""
