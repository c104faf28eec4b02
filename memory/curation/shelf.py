"""What has been curated, and from what: an index over the folder of curated memories, whose files are the truth.

It spares a run from reading ten thousand files to find the fifty memories that are new, and tells of a text whether one
nearly the same is there. A file that was changed, added or deleted by hand is noticed; the index can be made anew from
the files at any time.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.memory.curation.likeness import ALIKE, Sketch, alike, bands, sketch
from metahuman.memory.curation.preparing import NO_CONSENT
from metahuman.memory.index import Stamp
from metahuman.memory.store.sqlite_file import SqliteFile
from metahuman.state.errors import MetaHumanError
from metahuman.state.files import json_object, store_errors

#: The version of the tables: raise it with each change, and the index is made anew.
VERSION = 1
SCHEMA = """
CREATE TABLE shelf (
    id TEXT PRIMARY KEY, file TEXT NOT NULL, modified INTEGER NOT NULL, size INTEGER NOT NULL, hash TEXT NOT NULL,
    consent INTEGER NOT NULL, reviewed INTEGER NOT NULL, double TEXT NOT NULL, sketch BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE bands (band INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (band, id)) WITHOUT ROWID;
CREATE INDEX by_id ON bands (id);
CREATE TABLE seen (id TEXT PRIMARY KEY, modified INTEGER NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE tries (id TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
"""
#: Why a memory that says nearly the same as another becomes no pair, before that one's id.
DOUBLED = "nearly the same is there already: "
_NAME = re.compile(r"\d{4}-\d\d-\d\d-(.+)\.json")
_PUT = "REPLACE INTO shelf VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ALL = """
SELECT id, hash, consent, reviewed, double, seen.modified, seen.size FROM shelf LEFT JOIN seen USING (id)
"""
_ALIKE = """
SELECT id, sketch FROM shelf WHERE id IN (SELECT id FROM bands WHERE band IN (SELECT value FROM json_each(?)))
"""
#: Seconds after which what a writer left half written is not in use any more.
OLD = 3600.0


class Shelved(NamedTuple):
    """What the index holds of a curated memory.

    Args:
        hash: What it was made from; "" where another program made it.
        consent: Whether its owner let it be learned from then.
        reviewed: Whether they have had their say about it.
        double: The memory that it was refused for being nearly the same as; "" for none.
        seen: The memory's stamp when it was last known to be as it was curated; None before it was marked.
    """

    hash: str
    consent: bool
    reviewed: bool
    double: str
    seen: Stamp | None


class _File(NamedTuple):
    """A curated memory's file, as it is indexed."""

    name: str
    stamp: Stamp
    value: Mapping[str, Any]


class Shelf:
    """The index over one folder of curated memories, for any number of threads.

    Args:
        folder: `memory/curated/conversations` of the home.
        path: The index's own file.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder = folder
        self._file = SqliteFile(path, SCHEMA, VERSION, "it is made anew from the curated memories")

    def sync(self) -> None:
        """Take in what was added, changed and deleted since, and sweep what writers that died have left.

        Raises:
            StoreError: If the folder or the index cannot be used; so do all methods.
        """
        there = dict(self._there())
        held = self._file.read(
            lambda connection: {
                name: (memory_id, Stamp(modified, size))
                for memory_id, name, modified, size in connection.execute("SELECT id, file, modified, size FROM shelf")
            }
        )
        changed = [name for name, stamp in there.items() if name not in held or held[name][1] != stamp]
        gone = [memory_id for name, (memory_id, _) in held.items() if name not in there]
        if gone:
            self._file.write(lambda connection: _drop(connection, gone))
        for start in range(0, len(changed), 500):
            files = [self._read(name, there[name]) for name in changed[start : start + 500]]
            self._file.write(lambda connection: _put(connection, files))  # noqa: B023 - it is run at once

    def all(self) -> dict[str, Shelved]:
        """Return what there is, by the memories' ids."""
        rows = self._file.read(lambda connection: connection.execute(_ALL).fetchall())
        return {
            name: Shelved(
                digest, bool(consent), bool(reviewed), double, None if size is None else Stamp(modified, size)
            )
            for name, digest, consent, reviewed, double, modified, size in rows
        }

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the names of these memories' files, of those that have one."""
        asked = "SELECT id, file FROM shelf WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self._file.read(lambda connection: connection.execute(asked, [json.dumps(list(ids))]).fetchall()))

    def put(self, written: Mapping[str, Mapping[str, Any]]) -> None:
        """Take in curated memories that have just been written, by their files' names; a dry run writes none."""
        files = [_File(name, _stamp_at(self.folder / name), value) for name, value in written.items()]
        self._file.write(lambda connection: _put(connection, files))

    def saw(self, stamps: Mapping[str, Stamp]) -> None:
        """Note that these memories, as they now stand, are what was curated, and are marked."""
        rows = [(memory_id, *stamp) for memory_id, stamp in stamps.items()]
        self._file.write(lambda connection: connection.executemany("REPLACE INTO seen VALUES (?, ?, ?)", rows))

    def like(self, one: Sketch, but: str) -> str | None:
        """Return the id of a pair that is nearly the same as what is sketched; None if there is none.

        Args:
            one: What is compared.
            but: The id of the memory that it is of.
        """
        found = self._file.read(
            lambda connection: connection.execute(_ALIKE, [json.dumps(bands(one))]).fetchall() if one else []
        )
        return next((name for name, blob in found if name != but and alike(one, _numbers(blob)) >= ALIKE), None)

    def put_off(self, memory_id: str) -> None:
        """Count that a memory was left for later."""
        asked = "INSERT INTO tries VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET count = count + 1"
        self._file.write(lambda connection: connection.execute(asked, [memory_id]))

    def tries(self) -> dict[str, int]:
        """Return how often memories were left for later."""
        return dict(self._file.read(lambda connection: connection.execute("SELECT id, count FROM tries").fetchall()))

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        self._file.close()

    def _there(self) -> Iterator[tuple[str, Stamp]]:
        if not self.folder.is_dir():
            return
        with store_errors(self.folder, "check that the folder can be read"), os.scandir(self.folder) as entries:
            for entry in entries:
                try:
                    found = entry.stat()
                    if entry.name.endswith(".tmp") and found.st_mtime < time.time() - OLD:
                        Path(entry.path).unlink()
                except FileNotFoundError:  # deleted this very moment
                    continue
                if _NAME.fullmatch(entry.name) and entry.is_file():
                    yield entry.name, _stamp(found)

    def _read(self, name: str, stamp: Stamp) -> _File:
        path = self.folder / name
        try:
            return _File(name, stamp, json_object(path, path.read_bytes()))
        except (MetaHumanError, OSError):  # broken by hand: it is there, and nothing is written over it
            return _File(name, stamp, {})


def pair_sketch(curated: Mapping[str, Any]) -> Sketch:
    """Return what a curated memory's pair is like; nothing where it is none."""
    said, answered = curated.get("userMessage"), curated.get("assistantResponse")
    if curated.get("refused") or not isinstance(said, str) or not isinstance(answered, str):
        return ()
    return sketch(said, answered)


def _put(connection: sqlite3.Connection, files: Sequence[_File]) -> None:
    for name, stamp, value in files:
        named = _NAME.fullmatch(name)
        own = value.get("id")
        memory_id = own if isinstance(own, str) else str(named and named[1])
        _drop(connection, [memory_id])
        source, refused = value.get("source"), value.get("refused")
        reasons = [reason for reason in refused if isinstance(reason, str)] if isinstance(refused, list) else []
        digest = source.get("hash") if isinstance(source, dict) else None
        double = next((reason[len(DOUBLED) :] for reason in reasons if reason.startswith(DOUBLED)), "")
        numbers = pair_sketch(value)
        word = value.get("review") is not None
        told = (str(digest or ""), NO_CONSENT not in reasons, word, double, array("I", numbers).tobytes())
        connection.execute(_PUT, [memory_id, name, *stamp, *told])
        rows = [(band, memory_id) for band in bands(numbers)]
        connection.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", rows)
        connection.execute("DELETE FROM tries WHERE id = ?", [memory_id])


def _drop(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    rows = [(memory_id,) for memory_id in ids]
    for table in ("shelf", "bands", "seen"):
        connection.executemany(f"DELETE FROM {table} WHERE id = ?", rows)  # noqa: S608 - the names are ours


def _numbers(blob: bytes) -> Sketch:
    numbers = array("I")
    numbers.frombytes(blob)
    return tuple(numbers)


def _stamp_at(path: Path) -> Stamp:
    try:
        return _stamp(path.stat())
    except FileNotFoundError:
        return Stamp(0, 0)


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_mtime_ns, found.st_size)
