"""Datasets from which a memory's rows were taken: their cards say so, for what was trained on them knew it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metahuman.memory.dataset.places import datasets_folder
from metahuman.state.errors import MetaHumanError
from metahuman.state.files import read_json, store_errors, write_json

CARD = "card.json"
#: The file of each side.
FILES = {"train": "train.jsonl", "held-out": "held-out.jsonl"}
REASON = "it was built from memories that are forgotten, and no longer has their rows: build it anew"


def taint(root: Path, memory_id: str) -> list[Path]:
    """Mark the datasets that were built from a memory, whose rows are gone by now; return their cards.

    Raises:
        StoreError: If a card cannot be written.
    """
    tainted = []
    for path in sorted(datasets_folder(root).glob(f"*/{CARD}")):
        try:
            card = read_json(path)
        except MetaHumanError:  # `metahuman dataset check` tells of it
            continue
        listed, before = card.get("memoryIds"), card.get("tainted")
        if isinstance(listed, list) and memory_id in listed:
            ids = before.get("memoryIds", []) if isinstance(before, dict) else []
            card["memoryIds"] = [name for name in listed if name != memory_id]
            card["tainted"] = {"reason": REASON, "memoryIds": sorted({*ids, memory_id})}
            card |= _counted(path.parent)
            write_json(path, card)
            tainted.append(path)
    return tainted


def _counted(folder: Path) -> dict[str, Any]:
    """Return what a card says of the rows that are left in a dataset."""
    contents = {file: _bytes(folder / file) for file in FILES.values()}
    sides = {side: side_of([_about(line) for line in contents[file].splitlines()]) for side, file in FILES.items()}
    return {
        "chosen": sum(side["pairs"] for side in sides.values()),
        "sides": sides,
        "files": {file: told(data) for file, data in contents.items()},
        "sha256": digest_of(contents),
    }


def side_of(about: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return what a card says of a side, by the metadata of its rows."""
    talks = {one.get("conversationId") or one.get("sourceId") for one in about}
    return {"pairs": len(about), "conversations": len(talks)}


def digest_of(contents: Mapping[str, bytes]) -> str:
    """Return the digest of a dataset: of its files' contents, one after the other."""
    return hashlib.sha256(b"".join(contents[file] for file in FILES.values())).hexdigest()


def described(path: Path) -> dict[str, Any]:
    """Return what a card says of a file; of one that is not there, that it is empty."""
    return told(_bytes(path))


def told(data: bytes) -> dict[str, Any]:
    """Return what a card says of a file that holds this: its rows, bytes and digest."""
    return {"rows": data.count(b"\n"), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _bytes(path: Path) -> bytes:
    with store_errors(path, "check that it can be read"):
        return path.read_bytes() if path.exists() else b""


def _about(line: bytes) -> Mapping[str, Any]:
    """Return a row's metadata; nothing of a line that was broken by hand."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    about = value.get("metadata") if isinstance(value, dict) else None
    return about if isinstance(about, dict) else {}
