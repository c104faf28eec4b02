"""Datasets from which a memory's rows were taken: their cards say so, for what was trained on them knew it."""

from __future__ import annotations

import hashlib
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
            card["files"] = {name: described(path.parent / name) for name in FILES.values()}
            write_json(path, card)
            tainted.append(path)
    return tainted


def described(path: Path) -> dict[str, Any]:
    """Return what a card says of a file; of one that is not there, that it is empty."""
    with store_errors(path, "check that it can be read"):
        return told(path.read_bytes() if path.exists() else b"")


def told(data: bytes) -> dict[str, Any]:
    """Return what a card says of a file that holds this: its rows, bytes and digest."""
    return {"rows": data.count(b"\n"), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
