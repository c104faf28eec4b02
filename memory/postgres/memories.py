"""Episodic memories in PostgreSQL, whole, in the place of files: several workers may share one home."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.memory.index import Document, Stamp
from metahuman.memory.postgres.database import Connection, Database
from metahuman.memory.postgres.index import put
from metahuman.memory.store.documents import document_of, memory_in
from metahuman.memory.store.episodic import Change, EpisodicStore, patched
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import whole
from metahuman.state.memories import Memory

#: Memories in one statement.
BATCH = 500
# The JSON is kept as it was written, not as jsonb: that would refuse a NUL in a text, and change the order of keys and
# the writing of numbers, so that no digest could tell whether a memory came over whole.
_SAVE = """
INSERT INTO memories (id, place, at, memory) SELECT * FROM unnest(%s::text[], %s::text[], %s::float8[], %s::json[])
ON CONFLICT (id) DO NOTHING RETURNING id
"""
_READ = "SELECT place, memory FROM memories WHERE id = %s"
_READ_ALL = "SELECT place, memory FROM memories WHERE id = ANY(%s)"
_NAMING = "SELECT place, memory FROM memories WHERE id <> %s AND memory::text ~ %s ORDER BY at, id"
_REPLACE = "UPDATE memories SET at = %s, memory = %s::json WHERE id = %s"
_OLDEST = """
SELECT at, id, place, memory FROM memories WHERE (at, id) > (%s::float8, %s) ORDER BY at, id LIMIT %s
"""
_NEWEST = """
SELECT at, id, place, memory FROM memories WHERE (at, id) < (%s::float8, %s) ORDER BY at DESC, id DESC LIMIT %s
"""
_RECOUNT = """
DELETE FROM documents WHERE id IN (SELECT id FROM documents EXCEPT SELECT id FROM memories);
DELETE FROM stems;
INSERT INTO stems
    SELECT stem, count(*) FROM documents, unnest(tsvector_to_array(documents.stems)) AS stem GROUP BY stem;
UPDATE totals SET (documents, stems) = (SELECT count(*), coalesce(sum(length(stems)), 0) FROM documents);
"""
Progress = Callable[[int, int], None]


class Stored(NamedTuple):
    """A memory as it is kept.

    Args:
        place: Its file inside `memory/episodic`: where it came from, or would be; with "/".
        value: The memory as its file has it, with whatever keys other programs gave it.
    """

    place: str
    value: dict[str, Any]

    @property
    def memory(self) -> Memory:
        """The memory.

        Raises:
            SettingError: If the value is none.
        """
        return memory_in(Path(self.place), self.value)


class PostgresMemories:
    """The memories of one home. A memory and its row in the index are written in one transaction.

    Args:
        database: The home's part of the database, opened.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._files = EpisodicStore(Path("memory", "episodic"))  # never touched: it says where a memory's file would be

    def save(self, memory: Memory | Mapping[str, Any]) -> str:
        """Keep a memory and return its place; one whose id is already there is left as it is. Errors as for `new`.

        Args:
            memory: At least `id`, `timestamp` (ISO 8601) and `content`.
        """
        new = self.new(memory)
        self.save_all([new])
        return new.place

    def new(self, memory: Memory | Mapping[str, Any]) -> Stored:
        """Return a memory as it would be kept.

        Raises:
            SettingError: If it is none.
            StoreError: If its id or timestamp cannot name a file, so that it could not go back to files.
        """
        value = whole(memory.as_json() if isinstance(memory, Memory) else dict(memory))
        Stored(str(value.get("id")), value).memory  # noqa: B018 - what is no memory has no place
        return Stored(self._files.place(value), value)

    def save_all(self, memories: Iterable[Stored]) -> int:
        """Keep memories, all or none of them; return how many were new. Errors as for `save`."""
        waiting, saved = iter(memories), 0
        with self._database.writing() as connection:
            while batch := list(islice(waiting, BATCH)):
                saved += _save(connection, batch)
        return saved

    def read(self, memory_id: str) -> Memory | None:
        """Return a memory; None if there is no such one."""
        stored = self.stored([memory_id])
        return stored[0].memory if stored else None

    def stored(self, ids: Iterable[str]) -> list[Stored]:
        """Return the memories of these ids that there are, as they are kept, in no order."""
        with self._database.connection() as connection:
            return [Stored(*row) for row in connection.execute(_READ_ALL, [list(ids)])]

    def naming(self, memory_id: str) -> list[Stored]:
        """Return the other memories in whose JSON an id stands that is not a part of a longer one."""
        pattern = f"(?<![A-Za-z0-9._-]){re.escape(memory_id)}(?![A-Za-z0-9_-])"
        with self._database.connection() as connection:
            return [Stored(*row) for row in connection.execute(_NAMING, [memory_id, pattern])]

    def edit(self, memory_id: str, change: Change) -> Memory | None:
        """Change a memory, while nobody else can write to it, and return it; None if there is no such one.

        Args:
            memory_id: Its id, which stays.
            change: Keys to put in, see `memory.episodic.patched`, or a function that makes them of the memory as it
                stands.

        Raises:
            SettingError: If it would no longer be a memory; it is then as before.
            StoreError: If it would have another id, or cannot be kept.
        """
        with self._database.writing() as connection:
            row = connection.execute(f"{_READ} FOR UPDATE", [memory_id]).fetchone()
            if row is None:
                return None
            kept = Stored(*row)
            value = whole(patched(kept.value, change(kept.value) if callable(change) else change))
            return _rewrite(connection, memory_id, Stored(kept.place, value))

    def replace(self, stored: Stored) -> Memory:
        """Put a memory, whole, in the place of the one of the same id. Errors as for `edit`."""
        with self._database.writing() as connection:
            return _rewrite(connection, stored.memory.id, stored)

    def remove(self, ids: Iterable[str]) -> int:
        """Forget memories, in the index too, and return how many there were; `Database.scrub` clears the disk."""
        names = list(ids)
        with self._database.writing() as connection:
            connection.execute("DELETE FROM documents WHERE id = ANY(%s)", [names])
            return connection.execute("DELETE FROM memories WHERE id = ANY(%s)", [names]).rowcount

    def kept(self) -> Iterator[Stored]:
        """Yield the memories as they are kept, the oldest first."""
        return self._paged(_OLDEST, -math.inf)

    def all(self) -> Iterator[Memory]:
        """Yield the memories, the newest first; rows that hold none are passed over."""
        return memories_in(self._paged(_NEWEST, math.inf))

    def newest(self) -> Iterator[dict[str, Any]]:
        """Yield the memories as their files would have them, the newest first; rows that hold none are passed over."""
        for kept in self._paged(_NEWEST, math.inf):
            if isinstance(kept.value.get("content"), str) and isinstance(kept.value.get("timestamp"), str):
                yield kept.value

    def latest(self, containing: str, limit: int) -> list[dict[str, Any]]:
        """Return at most `limit` memories in whose text `containing` stands, in whatever case, newest first."""
        wanted = containing.casefold()
        found = (one for one in self.newest() if wanted in f"{one['content']} {one.get('response') or ''}".casefold())
        return list(islice(found, limit))

    def count(self) -> int:
        """Return how many memories there are."""
        with self._database.connection() as connection:
            return int(connection.execute("SELECT count(*) FROM memories").fetchall()[0][0])

    def reindex(self, progress: Progress = lambda done, total: None) -> int:
        """Make the index anew, a batch at a time, so that nobody waits long; return of how many memories."""
        at, name, done, total = -math.inf, "", 0, self.count()
        while rows := self._indexed_after(at, name):
            at, name = rows[-1][:2]
            done += len(rows)
            progress(done, total)
        with self._database.writing() as connection:
            connection.execute(_RECOUNT)
        return done

    def digests(self) -> dict[str, bytes]:
        """Return a digest of each memory's JSON, by id."""
        with self._database.connection() as connection:
            rows = connection.execute("SELECT id, sha256(convert_to(memory::text, 'UTF8')) FROM memories")
            return {name: bytes(digest) for name, digest in rows}

    def _indexed_after(self, at: float, name: str) -> list[Any]:
        with self._database.writing() as connection:
            rows = connection.execute(_OLDEST, [at, name, BATCH]).fetchall()
            put(connection, map(document_in, memories_in(Stored(place, value) for _, _, place, value in rows)))
        return rows

    def _paged(self, statement: str, start: float) -> Iterator[Stored]:
        at, name = start, ""
        while rows := self._page(statement, at, name):
            at, name = rows[-1][:2]
            yield from (Stored(place, value) for _, _, place, value in rows)

    def _page(self, statement: str, at: float, name: str) -> list[Any]:
        with self._database.connection() as connection:
            return connection.execute(statement, [at, name, BATCH]).fetchall()


def memories_in(rows: Iterable[Stored]) -> Iterator[Memory]:
    """Yield the memories in rows; rows that were changed into none by hand are passed over."""
    for row in rows:
        with contextlib.suppress(SettingError):
            yield row.memory


def text_of(kept: Stored) -> str:
    """Return the JSON that is kept of a memory.

    Raises:
        SettingError: If it holds a number that JSON has no word for.
    """
    try:
        return json.dumps(kept.value, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise SettingError(kept.place, "", "holds a number that JSON has no word for", "mend it") from error


def _rewrite(connection: Connection, memory_id: str, kept: Stored) -> Memory:
    memory = kept.memory
    if memory.id != memory_id:
        raise StoreError(kept.place, f"{memory.id!r} is another memory's id", "an edit keeps the id")
    connection.execute(_REPLACE, [memory.at.timestamp(), text_of(kept), memory_id])
    put(connection, [document_in(memory)])
    return memory


def _save(connection: Connection, batch: list[Stored]) -> int:
    given = dict[str, tuple[Memory, Stored]]()
    for kept in batch:
        memory = kept.memory
        given.setdefault(memory.id, (memory, kept))  # the first of two of one id stands
    columns = [
        list(given),
        [kept.place for _, kept in given.values()],
        [memory.at.timestamp() for memory, _ in given.values()],
        [text_of(kept) for _, kept in given.values()],
    ]
    new = {name for (name,) in connection.execute(_SAVE, columns)}
    put(connection, [document_in(memory) for name, (memory, _) in given.items() if name in new])
    return len(new)


def document_in(memory: Memory) -> Document:
    """Return what the index keeps of a memory that is in no file; what stands for its stamp changes when it does."""
    data = json.dumps(memory.as_json(), sort_keys=True).encode(errors="surrogatepass")
    return document_of(memory, "", Stamp(int.from_bytes(hashlib.sha256(data).digest()[:7]), len(data)))
