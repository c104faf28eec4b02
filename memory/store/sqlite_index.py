"""The index over the memories in SQLite: made from their files, and made anew from them whenever it is of no use."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from metahuman.memory.index import Candidate, Document, Stamp, Where
from metahuman.memory.store import sqlite_search, sqlite_writing
from metahuman.memory.store.sqlite_file import SqliteFile
from metahuman.memory.store.sqlite_writing import SCHEMA, VERSION, short_path, whole_path

REMEDY = "it is made anew from the memories' files"
# SQLite numbers no places: a document's neighbours are the next ones in its thread's part of the index.
_AROUND = """
SELECT it.number, near.number FROM json_each(:numbers) AS asked
JOIN documents AS it ON it.number = asked.value
JOIN documents AS near ON near.number IN (
    SELECT number FROM (
        SELECT number FROM documents AS one WHERE one.thread = it.thread AND one.at <= it.at
        AND (one.at < it.at OR one.number < it.number) ORDER BY one.at DESC, one.number DESC LIMIT :reach)
    UNION ALL SELECT it.number
    UNION ALL SELECT number FROM (
        SELECT number FROM documents AS one WHERE one.thread = it.thread AND one.at >= it.at
        AND (one.at > it.at OR one.number > it.number) ORDER BY one.at, one.number LIMIT :reach))
WHERE it.thread <> :none OR near.number = it.number
ORDER BY it.number, near.at, near.number
"""
_AT = """
SELECT id FROM documents WHERE id = ? AND path = ?
UNION SELECT id FROM documents WHERE path = ? AND substr(path, -1) <> '*'
"""
_WRONG_COUNTS = """
SELECT COUNT(*) FROM (
    SELECT * FROM (SELECT term, doc FROM temp.vocabulary EXCEPT SELECT stem, documents FROM stems WHERE stem <> '')
    UNION ALL
    SELECT * FROM (SELECT stem, documents FROM stems WHERE stem <> '' EXCEPT SELECT term, doc FROM temp.vocabulary))
"""


class SqliteIndex:
    """The index of one home; see `metahuman.memory.index.MemoryIndex`.

    Any number of threads and processes may use one file. A damaged file, or another program's, is moved aside.

    Args:
        path: The file; created for the owner's eyes only when it is first used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = SqliteFile(path, SCHEMA, VERSION, REMEDY)

    def put(self, documents: Iterable[Document]) -> None:
        """Add documents, each in the place of one of the same id, all or none of them.

        Raises:
            StoreError: If the file cannot be written; so do all methods.
        """
        if self._file.write(lambda connection: _put(connection, documents)):
            self._file.bare(_empty_log)

    def remove(self, ids: Iterable[str]) -> None:
        """Forget documents: nothing of their words stays behind."""
        if self._file.write(lambda connection: _remove(connection, ids)):
            self._file.bare(_empty_log)
            self._file.drop_damaged()

    def count(self) -> int:
        """Return how many documents there are."""
        return self._file.read(sqlite_search.count)

    def frequencies(self, stems: Sequence[str]) -> Mapping[str, int]:
        """Return in how many documents each stem stands; stems that stand nowhere are left out."""
        return self._file.read(lambda connection: sqlite_search.frequencies(connection, stems))

    def search(self, stems: Sequence[str], where: Where, limit: int) -> list[Candidate]:
        """Return the documents that hold most of the stems, the rare ones counting more, best first."""
        return self._file.read(lambda connection: sqlite_search.search(connection, stems, where, limit))

    def around(self, numbers: Sequence[int], reach: int) -> dict[int, list[Candidate]]:
        """Return, for each number, the documents of its thread within `reach` places of it, itself too, in order."""
        return self._file.read(lambda connection: _around(connection, numbers, reach))

    def latest(self, where: Where, limit: int) -> list[Candidate]:
        """Return the documents made last, the newest first."""
        return self._file.read(lambda connection: sqlite_search.latest(connection, where, limit))

    def find(self, ids: Sequence[str]) -> dict[str, Candidate]:
        """Return the documents of these ids that there are."""
        found = self._file.read(lambda connection: sqlite_search.of_ids(connection, ids))
        return {candidate.document.id: candidate for candidate in found}

    def stamps(self) -> Iterator[tuple[str, str, Stamp]]:
        """Yield the id, the path and the file's stamp of every document."""
        last = 0
        asked = "SELECT number, id, path, modified, size FROM documents WHERE number > ? ORDER BY number LIMIT 10000"
        while rows := self._file.read(lambda connection: connection.execute(asked, [last]).fetchall()):  # noqa: B023
            for _, name, path, modified, size in rows:
                yield name, whole_path(path, name), Stamp(modified, size)
            last = rows[-1][0]

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        self._file.close()

    def intend(self, places: Iterable[tuple[str, str]]) -> None:
        """Note which files are about to be written or removed, id and path of each; `put` and `remove` clear it."""
        rows = list(places)
        self._file.write(lambda connection: connection.executemany("REPLACE INTO intents VALUES (?, ?)", rows))

    def intents(self) -> list[tuple[str, str]]:
        """Return what was noted and not cleared: who meant to write these died over it."""
        return self._file.read(lambda connection: connection.execute("SELECT id, path FROM intents").fetchall())

    def settled(self, ids: Iterable[str]) -> None:
        """Clear what was noted of these."""
        rows = [(name,) for name in ids]
        self._file.write(lambda connection: connection.executemany("DELETE FROM intents WHERE id = ?", rows))

    @property
    def filled(self) -> bool:
        """Whether every file has been taken in once: an index that was started over is not."""
        return bool(self._file.read(lambda connection: _one(connection, "SELECT EXISTS (SELECT * FROM filled)")))

    def mark_filled(self) -> None:
        """Note that every file has been taken in."""
        self._file.write(lambda connection: connection.execute("INSERT OR IGNORE INTO filled VALUES (1)"))

    def paths(self, ids: Iterable[str]) -> dict[str, str]:
        """Return where the files of these documents are, of those that there are."""
        asked = "SELECT id, path FROM documents WHERE id IN (SELECT value FROM json_each(?))"
        rows = self._file.read(lambda connection: connection.execute(asked, [json.dumps(list(ids))]).fetchall())
        return {name: whole_path(path, name) for name, path in rows}

    def ids_at(self, paths: Iterable[str]) -> list[str]:
        """Return the ids of the documents under these paths."""
        return self._file.read(lambda connection: [name for path in paths for name in _ids_at(connection, path)])

    def compact(self) -> None:
        """Write the terms anew in one piece, which is quicker to search."""
        self._file.write(sqlite_writing.scrub)
        self._file.bare(_empty_log)

    def take_over(self, other: SqliteIndex) -> None:
        """Become a copy of another index, in one step for whoever reads meanwhile."""
        self._file.bare(lambda target: other._file.bare(lambda source: source.backup(target)))
        self._file.bare(_empty_log)

    def delete(self) -> None:
        """Delete the file."""
        self._file.remove()

    def faults(self) -> list[str]:
        """Return what is wrong inside the file, in words; it is read from end to end."""
        return self._file.bare(_faults)


def _put(connection: sqlite3.Connection, documents: Iterable[Document]) -> bool:
    replaced = sqlite_writing.put(connection, documents)
    if replaced:
        sqlite_writing.scrub(connection)
    return replaced


def _remove(connection: sqlite3.Connection, ids: Iterable[str]) -> bool:
    found = sqlite_writing.remove(connection, ids)
    if found:
        sqlite_writing.scrub(connection)
    return found


def _empty_log(connection: sqlite3.Connection) -> None:
    """Move what was written into the file itself and empty the log, which holds pages as they were before."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _around(connection: sqlite3.Connection, numbers: Sequence[int], reach: int) -> dict[int, list[Candidate]]:
    none = connection.execute("SELECT number FROM threads WHERE name = ''").fetchone()
    asked = {"numbers": json.dumps(list(numbers)), "reach": reach, "none": none[0] if none else 0}
    pairs = connection.execute(_AROUND, asked).fetchall()
    near = {one.number: one for one in sqlite_search.of_numbers(connection, {number for _, number in pairs})}
    places: dict[int, list[Candidate]] = defaultdict(list)
    for number, neighbour in pairs:
        places[number].append(near[neighbour])
    return dict(places)


def _ids_at(connection: sqlite3.Connection, path: str) -> list[str]:
    name = PurePosixPath(path).stem
    rows = connection.execute(_AT, [name, short_path(path, name), path])
    return [found for (found,) in rows]


def _one(connection: sqlite3.Connection, asked: str) -> int:
    return int(connection.execute(asked).fetchone()[0])


def _faults(connection: sqlite3.Connection) -> list[str]:
    told = [row[0] for row in connection.execute("PRAGMA quick_check(5)") if row[0] != "ok"]
    try:
        connection.execute("INSERT INTO terms (terms, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError:
        told.append("the terms are not those of the texts")
    connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab (main, terms, row)")
    if wrong := _one(connection, _WRONG_COUNTS):
        told.append(f"the counts of {wrong} stems are wrong")
    return told
