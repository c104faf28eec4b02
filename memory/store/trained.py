"""What was trained on a memory: the runs of adapters under `out/adapters`, and what in their folders may quote it.

An adapter cannot unlearn. Its run is flagged, and what is only about it goes: the state of an unfinished training, and
what was asked of the voice and what it said, which may be the memory's own words.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metahuman.state.errors import MetaHumanError
from metahuman.state.files import read_json, store_errors, update_json

#: Under which keys a copy, a dataset's row or a manifest names the memories that it was made from.
NAMING = ("id", "sourceId", "memoryId", "memoryIds", "memories", "sourceMemoryId", "sourceMemoryIds")
REASON = "it was trained on memories that are to be forgotten: train it anew"
#: What may quote a memory in the folder of a run: the state of the training, what the voice said and was asked, and the
#: rows of one that was trained elsewhere.
_QUOTING = ("checkpoints", "evaluation", "data")


def manifests(root: Path, memory_id: str) -> list[Path]:
    """Return the files of runs that list a memory among those that were trained on: their jobs, cards and manifests."""
    found = sorted((root / "out" / "adapters").glob("*/*/*.json"))
    return [path for path in found if _lists(object_in(path), memory_id)]


def quoting(root: Path, memory_id: str) -> list[Path]:
    """Return what may quote a memory in the folders of the runs that were trained on it."""
    folders = dict.fromkeys(path.parent for path in manifests(root, memory_id))
    return [folder / name for folder in folders for name in _QUOTING if (folder / name).is_dir()]


def flag(root: Path, memory_id: str) -> list[Path]:
    """Flag the runs that were trained on a memory; return their files.

    Raises:
        StoreError: If one cannot be written.
    """
    flagged = manifests(root, memory_id)
    for path in flagged:
        with update_json(path) as manifest:
            before = manifest.get("flagged")
            ids = before.get("memoryIds", []) if isinstance(before, dict) else []
            manifest["flagged"] = {"reason": REASON, "memoryIds": sorted({*ids, memory_id})}
    return flagged


def drop_quotes(root: Path, memory_id: str) -> list[Path]:
    """Delete what may quote a memory in the folders of runs; return what that was.

    Raises:
        StoreError: If it cannot be deleted.
    """
    found = quoting(root, memory_id)
    for path in found:
        with store_errors(path, "check that it can be deleted"):
            shutil.rmtree(path)
    return found


def names(value: Any, memory_id: str, but: str = "") -> bool:
    """Tell whether an object names a memory that it was made from."""
    found = (value.get(key) for key in NAMING if key != but) if isinstance(value, dict) else iter(())
    return any(memory_id in one if isinstance(one, list) else one == memory_id for one in found)


def object_in(path: Path) -> dict[str, Any]:
    """Return the object in a file; an empty one where there is none that can be read."""
    try:
        return read_json(path)
    except MetaHumanError:
        return {}


def _lists(manifest: Mapping[str, Any], memory_id: str) -> bool:
    """Tell whether a run's file lists a memory: itself, or for its dataset, as a job does."""
    return names(manifest, memory_id, but="id") or names(manifest.get("dataset"), memory_id, but="id")
