"""The pairs of a home, made from its curated memories: `memory/curated/training-datasets/`, a file for each day.

The curated memories are the truth. What is written here is made from them, whole, whenever it differs: a crash leaves
the old file or the new one, and the next run mends the rest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from metahuman.memory.dataset import known as knowing
from metahuman.memory.dataset.known import NO_STAMP, Entry, Known, Stamp, stamp_of
from metahuman.memory.dataset.places import curated_folder, earlier_folder, pairs_folder, writing
from metahuman.memory.dataset.rows import line_of, made_of, moment_of
from metahuman.memory.dataset.settings import BuilderSettings, load_settings
from metahuman.state.errors import MetaHumanError, SettingError
from metahuman.state.files import read_json, store_errors, write_atomic

PREFIX = "persona-training-"
#: Files that a process is given at a time.
CHUNK = 50
_DAY = re.compile(PREFIX + r"(\d{4}-\d\d-\d\d)\.jsonl")


@dataclass
class _Work:
    """One run: what was known, what is found now, and the lines that were made on the way."""

    root: Path
    settings: BuilderSettings
    before: Known
    gates: Executor | None
    now: Known = field(default_factory=Known)
    lines: dict[str, bytes] = field(default_factory=dict)


def rebuild(root: Path, gates: Executor | None = None) -> int:
    """Bring the files of pairs up to the curated memories; return how many pairs there are.

    Args:
        root: The home.
        gates: Processes that run the gates over what is new, if there are any; see `curation.workers`.

    Raises:
        SettingError: If `etc/adapter-builder.json` is wrong.
        StoreError: If something cannot be written.
    """
    return count(brought_up(root, gates))


def count(known: Known) -> int:
    """Return how many pairs the curated memories give."""
    return sum(known.files[name].pairs for name in current(known).values())


def brought_up(root: Path, gates: Executor | None = None) -> Known:
    """Do as `rebuild`, and return what each curated memory gives; errors as there."""
    if not (curated_folder(root).is_dir() or pairs_folder(root).is_dir()):
        return Known()
    with writing(root):
        return bring_up(root, gates)


def bring_up(root: Path, gates: Executor | None = None) -> Known:
    """Do as `brought_up`, for who keeps others out with `places.writing`."""
    settings = load_settings(root)
    work = _Work(root, settings, knowing.load(root, settings), gates)
    _look(work)
    _write_days(work)
    if work.now != work.before:
        knowing.store(root, work.now, settings)
    return work.now


def day_file(root: Path, day: str) -> Path:
    """Return the file of the pairs that were curated on a day."""
    return pairs_folder(root) / f"{PREFIX}{day}.jsonl"


def current(known: Known) -> dict[str, str]:
    """Return the name of the file that speaks for each memory: the one that was curated last."""
    latest = sorted((entry.at, name, entry.id) for name, entry in known.files.items())
    return {memory_id or name: name for _, name, memory_id in latest}


def _look(work: _Work) -> None:
    """Find out what each file gives, reading those that are not as they were."""
    folder, changed = curated_folder(work.root), list[str]()
    for name, stamp in _stamps(folder):
        old = work.before.files.get(name)
        work.now.files[name] = old if old and old.stamp == stamp else Entry(stamp)
        if work.now.files[name] is not old:
            changed.append(name)
    _take(work, changed)


def _take(work: _Work, names: Sequence[str]) -> None:
    """Read files, and keep what they give."""
    reader, paths = partial(_read, settings=work.settings), [curated_folder(work.root) / name for name in names]
    read = work.gates.map(reader, paths, chunksize=CHUNK) if work.gates else map(reader, paths)
    for name, (entry, line) in zip(names, read, strict=True):
        work.now.files[name] = entry._replace(stamp=work.now.files[name].stamp)
        if line:
            work.lines[name] = line


def _stamps(folder: Path) -> list[tuple[str, Stamp]]:
    """Return the names of the curated memories' files, in order, with their stamps."""
    if not folder.is_dir():
        return []
    with store_errors(folder, "check that the folder can be read"), os.scandir(folder) as found:
        stamps = [(one.name, stamp_of(one)) for one in found if one.name.endswith(".json") and one.name[0] != "."]
    return sorted((name, stamp) for name, stamp in stamps if stamp)  # one may have been forgotten meanwhile


def _read(path: Path, settings: BuilderSettings) -> tuple[Entry, bytes]:
    """Return what a file gives, without its stamp, and its line; b"" for none."""
    try:
        curated = read_json(path)
    except MetaHumanError as error:
        problem = "not JSON" if isinstance(error, SettingError) else "it cannot be read"
        return Entry(NO_STAMP, reasons=(problem,)), b""
    made, at, name = made_of(curated, settings), moment_of(curated.get("curatedAt")), curated.get("id")
    known_as = name if isinstance(name, str) and len(name) <= len(path.name) else ""
    entry = Entry(NO_STAMP, known_as, at, len(made.rows), made.reasons, made.word or "", made.left if made.rows else ())
    return entry, b"".join(map(line_of, made.rows))


def by_day(known: Known) -> dict[str, list[str]]:
    """Return the names of the files that give a pair, by day and in the order of their lines."""
    found = sorted((known.files[name].at, name) for name in current(known).values() if known.files[name].pairs)
    days: dict[str, list[str]] = {}
    for at, name in found:
        days.setdefault(at[:10], []).append(name)
    return days


def _write_days(work: _Work) -> None:
    before, wanted = by_day(work.before), by_day(work.now)
    there = {found[1] for path in pairs_folder(work.root).glob("*") if (found := _DAY.fullmatch(path.name))}
    for day in sorted(wanted.keys() | there):
        path, names = day_file(work.root, day), wanted.get(day, [])
        stamp = stamp_of(path)
        untouched = stamp is not None and stamp == work.before.days.get(day)
        same = names == before.get(day) and not any(name in work.lines for name in names)
        if not (untouched and same):
            _write_day(work, path, names, _lines_there(work, path, before.get(day, [])) if untouched else {})
        if stamp := stamp_of(path):
            work.now.days[day] = stamp


def _lines_there(work: _Work, path: Path, names: Sequence[str]) -> Mapping[str, bytes]:
    """Return the lines of a file that is as it was written: those of each name, in order."""
    lines = _bytes(path).splitlines(keepends=True)
    if len(lines) != sum(work.before.files[name].pairs for name in names):
        return {}
    there = iter(lines)
    return {name: b"".join(islice(there, work.before.files[name].pairs)) for name in names}


def _write_day(work: _Work, path: Path, names: Sequence[str], there: Mapping[str, bytes]) -> None:
    _take(work, [name for name in names if name not in work.lines and name not in there])
    made = (work.lines.get(name) or there.get(name, b"") for name in names)
    data, before = b"".join(made), _bytes(path)
    if data == before:
        return
    _keep_foreign(work.root, path, before)
    if data:
        write_atomic(path, data)
    else:
        path.unlink()


def _keep_foreign(root: Path, path: Path, data: bytes) -> None:
    """Keep a file that holds what this program has not written, before it is written anew."""
    if not all(map(_is_row, data.splitlines())):
        name = f"{path.stem}-{hashlib.sha256(data).hexdigest()[:8]}.jsonl"
        write_atomic(earlier_folder(root) / name, data)


def _is_row(line: bytes) -> bool:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return False
    about = value.get("metadata") if isinstance(value, dict) else None
    return isinstance(about, dict) and "gates" in about


def _bytes(path: Path) -> bytes:
    with store_errors(path, "check that it can be read"):
        return path.read_bytes() if path.exists() else b""
