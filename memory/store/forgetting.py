"""A memory forgotten: its file, what the index holds of it, and what was made from it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.memory.dataset.places import curated_folder, datasets_folder, earlier_folder, pairs_folder, writing
from metahuman.memory.dataset.tainting import taint
from metahuman.memory.minded import forget_vectors
from metahuman.memory.store.keeping import Keeper, Progress
from metahuman.memory.store.trained import drop_quotes, flag, manifests, names, object_in, quoting
from metahuman.state.files import store_errors, write_atomic

#: Under which keys a memory, or its metadata, names others, by id or in an object that has it.
_LINKS = ("links", "supersedes", "supersededBy")
_READABLE = "check that it can be read"


class Forgotten(NamedTuple):
    """What went with a memory.

    Args:
        place: Where its file was, inside `memory/episodic`.
        curated: The curated copies that were deleted.
        rows: How many rows were taken out of each dataset.
        adapters: The manifests of the adapters that were trained on it; they are flagged.
        unlinked: The memories that were linked to it, and no longer are.
        mentions: Files that name it elsewhere; they are left as they are.
        quotes: What lay beside these adapters and may quote it; it was deleted.
    """

    place: str
    curated: list[str]
    rows: dict[str, int]
    adapters: list[str]
    unlinked: list[str]
    mentions: list[str]
    quotes: list[str]


class Traces(NamedTuple):
    """What was made from a memory, as paths inside the home.

    Args:
        curated: Its curated copies.
        rows: How many rows of each dataset.
        adapters: The manifests of the adapters that were trained on it.
        quotes: What lies beside these adapters and may quote it: what their voices said, and unfinished trainings.
    """

    curated: list[str]
    rows: dict[str, int]
    adapters: list[str]
    quotes: list[str]


def traces(root: Path, memory_id: str) -> Traces:
    """Return what was made from a memory; nothing is changed.

    Args:
        root: The home.
        memory_id: Which memory.

    Raises:
        StoreError: If something cannot be read.
    """
    rows = {_inside(root, path): count for path, _, count in _rows(root, memory_id)}
    found = (_copies(root, memory_id), manifests(root, memory_id), quoting(root, memory_id))
    copies, adapters, quotes = ([_inside(root, path) for path in paths] for paths in found)
    return Traces(copies, rows, adapters, quotes)


def forget(keeper: Keeper, root: Path, memory_id: str, progress: Progress | None = None) -> Forgotten:
    """Delete a memory and what was made from it. The memory itself goes last: what was interrupted can be done again.

    Adapters cannot unlearn it; they are flagged, to be trained anew without it, and what their voices said goes.

    Args:
        keeper: The memories.
        root: The home.
        memory_id: Which memory.
        progress: Told how many of the other memories were looked through, of how many.

    Raises:
        BadChoice: If there is no such memory.
        StoreError: If something cannot be deleted.
    """
    place = keeper.place(memory_id)
    gone = drop_traces(root, memory_id)
    unlinked, mentions = _unlink(keeper, root, memory_id, place, progress)
    forget_vectors(root / "state" / "vectors", memory_id)
    keeper.remove(memory_id)
    late = _drop_copies(root, memory_id)  # a curator at work may have written one while the memory was still there
    return Forgotten(place, [*gone.curated, *late], gone.rows, gone.adapters, unlinked, mentions, gone.quotes)


def drop_traces(root: Path, memory_id: str) -> Traces:
    """Delete what was made from a memory, and flag the adapters that were trained on it; return what that was.

    Args:
        root: The home.
        memory_id: Which memory.

    Raises:
        StoreError: If something cannot be deleted.
    """
    curated, rows = _drop_copies(root, memory_id), _drop_rows(root, memory_id)
    adapters = [_inside(root, path) for path in flag(root, memory_id)]
    return Traces(curated, rows, adapters, [_inside(root, path) for path in drop_quotes(root, memory_id)])


def _inside(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _drop_copies(root: Path, memory_id: str) -> list[str]:
    dropped = []
    for path in _copies(root, memory_id):
        with store_errors(path):
            path.unlink()
        dropped.append(_inside(root, path))
    return dropped


def _copies(root: Path, memory_id: str) -> list[Path]:
    """Return the curated copies: called after a day and the memory, or naming it inside."""
    called = re.compile(rf"\d{{4}}-\d\d-\d\d-{re.escape(memory_id)}\.json")
    found = sorted((root / "memory" / "curated" / "conversations").glob(f"*{memory_id}.json"))
    return [path for path in found if called.fullmatch(path.name) or names(object_in(path), memory_id)]


def _drop_rows(root: Path, memory_id: str) -> dict[str, int]:
    """Take the rows that were made from the memory out of the datasets; those that were built are marked."""
    dropped = {}
    made = curated_folder(root).is_dir() or _row_files(root)
    with writing(root) if made else contextlib.nullcontext():
        for path, kept, count in _rows(root, memory_id):
            write_atomic(path, b"".join(kept))
            dropped[_inside(root, path)] = count
        taint(root, memory_id)
    return dropped


def _rows(root: Path, memory_id: str) -> Iterator[tuple[Path, list[bytes], int]]:
    """Yield the datasets with rows made from the memory: the lines that are not, and how many are.

    A line that is no JSON is not.
    """
    for path in _row_files(root):
        with store_errors(path, _READABLE):
            lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not _is_made_from(line, memory_id)]
        if len(kept) < len(lines):
            yield path, kept, len(lines) - len(kept)


def _row_files(root: Path) -> list[Path]:
    """Return every file of rows: the pairs, what stood in their place before, and the datasets that were built."""
    pairs, built = (pairs_folder(root), earlier_folder(root)), datasets_folder(root)
    return [*(path for folder in pairs for path in sorted(folder.glob("*.jsonl"))), *sorted(built.glob("*/*.jsonl"))]


def _is_made_from(line: bytes, memory_id: str) -> bool:
    if memory_id.encode() not in line:
        return False
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and (names(row, memory_id) or names(row.get("metadata"), memory_id))


def _unlink(
    keeper: Keeper, root: Path, memory_id: str, place: str, progress: Progress | None
) -> tuple[list[str], list[str]]:
    """Take the memory out of others' links; return which these were, and which files name it elsewhere."""
    unlinked, mentions = [], []
    places = [other for other, _ in keeper.files.places() if other != place]
    for done, other in enumerate(places, start=1):
        path = keeper.files.folder / other
        if _mentioned(path, memory_id):
            if change := _without_links(object_in(path), memory_id):
                unlinked.append(_edited(keeper, other, change))
            if _mentioned(path, memory_id):
                mentions.append(path.relative_to(root).as_posix())
        if progress and (done % 1000 == 0 or done == len(places)):
            progress(done, len(places))
    cache = root / "persona" / "cache.json"
    return unlinked, [*mentions, *(["persona/cache.json"] if _mentioned(cache, memory_id) else [])]


def _edited(keeper: Keeper, place: str, change: Mapping[str, Any]) -> str:
    with keeper.writing():
        memory = keeper.files.edit(place, change)
        keeper.take([place])
    return memory.id


def _mentioned(path: Path, memory_id: str) -> bool:
    """Tell whether an id stands in a file, and is not a part of a longer one."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return False
    return memory_id.encode() in data and bool(
        re.search(rb"(?<![A-Za-z0-9._-])" + re.escape(memory_id.encode()) + rb"(?![A-Za-z0-9_-])", data)
    )


def _without_links(value: Mapping[str, Any], memory_id: str) -> dict[str, Any]:
    """Return the change that takes an id out of a memory's links, and of its metadata's."""
    change: dict[str, Any] = {}
    for key in _LINKS:
        if (kept := _without(value.get(key), memory_id)) != value.get(key):
            change[key] = kept
    below = value.get("metadata")
    if isinstance(below, dict) and (inner := _without_links(below, memory_id)):
        change["metadata"] = inner
    return change


def _without(links: Any, memory_id: str) -> Any:
    if isinstance(links, list):
        return [link for link in links if not _leads(link, memory_id)]
    return None if links == memory_id else links


def _leads(link: Any, memory_id: str) -> bool:
    """Tell whether a link leads to a memory: an id, or an object of which any value is one."""
    return memory_id in link.values() if isinstance(link, dict) else bool(link == memory_id)
