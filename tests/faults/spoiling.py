"""One file of a home spoilt: some bytes of it flipped, zeroed or lost, or some put after it that nobody wrote."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import NamedTuple

WAYS = ("flipped", "zeroed", "cut", "more", "emptied")
#: Where the files of each kind are; a kind is drawn first, so that none is lost among the memories.
KINDS = {
    "memory": "memory/episodic/*/*.json",
    "task": "memory/tasks/*/*.json",
    "curated": "memory/curated/conversations/*.json",
    "pairs": "memory/curated/training-datasets/*.jsonl",
    "dataset": "out/datasets/*/*.jsonl",
    "card": "out/datasets/*/card.json",
    "run": "out/adapters/*/*/*.json",
    "core": "persona/core.json",
    "cache": "persona/cache.json",
    "mode": "persona/cognitive-mode.json",
    "registry": "etc/models.json",
    "trust": "etc/trust.json",
    "settings": "etc/*.json",
    "short-term": "out/state/short-term.json",
    "audit": "logs/audit/*.ndjson",
    "threads": "state/checkpoints.sqlite",
    "index": "state/memory.sqlite",
    "shelf": "state/curation.sqlite",
    "ledger": "state/usage.sqlite",
    "journal": "state/actions.sqlite",
    "changes": "state/changes/**/*.json",
    "state": "state/*.json",
    "corrections": "routing/corrections.jsonl",
    "log": "state/*.sqlite-wal",
    "tool's file": "files/*.txt",
}


class Spoilt(NamedTuple):
    """A file that was spoilt.

    Args:
        place: Where it is inside the home.
        what: Its kind, a key of `KINDS`.
        how: What was done to it.
        before: What it held.
    """

    place: str
    what: str
    how: str
    before: bytes


def spoil(home: Path, drawn: Random, kind: str = "") -> Spoilt:
    """Spoil one file.

    Args:
        home: The home.
        drawn: Chooses the kind, the file, the bytes, and what becomes of them.
        kind: The kind; one of those that are there by default.
    """
    there = {name: sorted(path for path in home.glob(places) if path.is_file()) for name, places in KINDS.items()}
    chosen = kind or drawn.choice([name for name, paths in there.items() if paths])
    path = drawn.choice(there[chosen])
    before, way = path.read_bytes(), drawn.choice(WAYS)
    start = drawn.randrange(len(before) + 1)
    end = min(len(before), start + drawn.choice([1, 8, 100, 4096, len(before)]))
    path.write_bytes(_changed(before, start, end, way, drawn))
    return Spoilt(path.relative_to(home).as_posix(), chosen, f"{way} {start} to {end} of {len(before)}", before)


def _changed(data: bytes, start: int, end: int, way: str, drawn: Random) -> bytes:
    match way:
        case "flipped":
            return data[:start] + bytes(byte ^ drawn.randrange(1, 256) for byte in data[start:end]) + data[end:]
        case "zeroed":
            return data[:start] + bytes(end - start) + data[end:]
        case "cut":
            return data[:start]
        case "more":
            return data + drawn.randbytes(drawn.choice([1, 80, 5000]))
    return b""
