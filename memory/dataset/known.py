"""What was found in the curated memories' files the last time, so that only those that changed are read again."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.memory.dataset.gates import gates_version
from metahuman.memory.dataset.settings import BuilderSettings
from metahuman.state.files import write_atomic

#: Another number makes every file be read again.
FORM = 2


class Stamp(NamedTuple):
    """What tells that a file is another: nanoseconds since the epoch, bytes, and its number on the disk."""

    modified: int
    size: int
    number: int


NO_STAMP = Stamp(0, 0, 0)


class Entry(NamedTuple):
    """What is known of a curated memory's file.

    Args:
        stamp: The file's, as it was read.
        id: The memory's id; "" where it cannot be told.
        at: When it was curated; "" where it cannot be told.
        pairs: How many pairs it gives.
        reasons: Why it gives none.
        word: What the owner said of it; "" for nothing.
        left: For each passage that is left out of one that gives pairs, why.
    """

    stamp: Stamp
    id: str = ""
    at: str = ""
    pairs: int = 0
    reasons: tuple[str, ...] = ()
    word: str = ""
    left: tuple[str, ...] = ()


@dataclass
class Known:
    """All that is known of a home's curated memories.

    Args:
        files: What each file gives, by its name.
        days: The stamps of the files of pairs as they were written, by day.
    """

    files: dict[str, Entry] = field(default_factory=dict)
    days: dict[str, Stamp] = field(default_factory=dict)


def stamp_of(path: Path | os.DirEntry[str]) -> Stamp | None:
    """Return a file's stamp; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)


def load(root: Path, settings: BuilderSettings) -> Known:
    """Return what is known; nothing, where it was found by other rules or cannot be read."""
    try:
        value = json.loads(_path(root).read_bytes())
        if value.get("rules") == _rules(settings):
            files = {name: _entry(one) for name, one in value["files"].items()}
            return Known(files, {day: Stamp(*one) for day, one in value["days"].items()})
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        pass  # it holds nothing that the files do not
    return Known()


def store(root: Path, known: Known, settings: BuilderSettings) -> None:
    """Write down what is known.

    Raises:
        StoreError: If it cannot be written.
    """
    value = {"rules": _rules(settings), "days": known.days, "files": known.files}
    write_atomic(_path(root), json.dumps(value, separators=(",", ":")).encode())  # indented, it takes ten times as long


def _path(root: Path) -> Path:
    return root / "state" / "curated-pairs.json"


def _rules(settings: BuilderSettings) -> str:
    return f"{FORM} {gates_version()} {settings.mark()}"


def _entry(value: list[Any]) -> Entry:
    stamp, name, at, pairs, reasons, word, left = value
    told = tuple(map(str, reasons)), str(word), tuple(map(str, left))
    return Entry(Stamp(*stamp), str(name), str(at), int(pairs), *told)
