"""Episodic memories in PostgreSQL, whole, in the place of files: several workers may share one home."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.memory.documents import document_of, memory_in
from metahuman.memory.episodic import Change, EpisodicStore, patched
from metahuman.memory.index import Document, Stamp
from metahuman.memory.postgres_database import Connection, Database
from metahuman.memory.postgres_index import put
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import whole
from metahuman.state.memories import Memory

#: Memories in one statement.
BATCH = 500
#: Stands for a file's stamp where there is no file.
NO_FILE = Stamp(0, 0)
# The JSON is kept as it was written, not as jsonb: that would refuse a NUL in a text, and change the order of keys and
# the writing of numbers, so that no digest could tell whether a memory came over whole.
_SAVE = """
INSERT INTO memories (id, place, at, memory) SELECT * FROM unnest(%s::text[], %s::text[], %s::float8[], %s::json[])
ON CONFLICT (id) DO NOTHING RETURNING id
"""
_READ = "SELECT place, memory FROM memories WHERE id = %s"
_REPLACE = "UPDATE memories SET at = %s, memory = %s::json WHERE id = %s"
_OLDEST = """
SELECT at, id, place, memory FROM memories WHERE (at, id) > (%s::float8, %s) ORDER BY at, id LIMIT %s
"""
_NEWEST = """
SELECT at, id, place, memory FROM memories WHERE (at, id) < (%s::float8, %s) ORDER BY at DESC, id DESC LIMIT %s
"""
Progress = Callable[[int, int], None]


class Kept(NamedTuple):
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
        """Keep a memory and return its place; one whose id is already there is left as it is.

        Args:
            memory: At least `id`, `timestamp` (ISO 8601) and `content`.

        Raises:
            SettingError: If it is no memory.
            StoreError: If it cannot be kept.
        """
        value = whole(memory.as_json() if isinstance(memory, Memory) else dict(memory))
        Kept(str(value.get("id")), value).memory  # noqa: B018 - what is no memory has no place
        place = self._files.place(value)
        self.save_all([Kept(place, value)])
        return place

    def save_all(self, memories: Iterable[Kept]) -> int:
        """Keep memories, all or none of them; return how many were new. Errors as for `save`."""
        waiting, saved = iter(memories), 0
        with self._database.writing() as connection:
            while batch := list(islice(waiting, BATCH)):
                saved += _save(connection, batch)
        return saved

    def read(self, memory_id: str) -> Memory | None:
        """Return a memory; None if there is no such one."""
        with self._database.connection() as connection:
            row = connection.execute(_READ, [memory_id]).fetchone()
        return Kept(*row).memory if row else None

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
            kept = Kept(*row)
            value = whole(patched(kept.value, change(kept.value) if callable(change) else change))
            return _rewrite(connection, memory_id, Kept(kept.place, value))

    def replace(self, kept: Kept) -> Memory:
        """Put a memory, whole, in the place of the one of the same id. Errors as for `edit`."""
        with self._database.writing() as connection:
            return _rewrite(connection, kept.memory.id, kept)

    def remove(self, ids: Iterable[str]) -> int:
        """Forget memories, in the index too, and return how many there were; `Database.scrub` clears the disk."""
        names = list(ids)
        with self._database.writing() as connection:
            connection.execute("DELETE FROM documents WHERE id = ANY(%s)", [names])
            return connection.execute("DELETE FROM memories WHERE id = ANY(%s)", [names]).rowcount

    def kept(self) -> Iterator[Kept]:
        """Yield the memories as they are kept, the oldest first."""
        return self._paged(_OLDEST, -math.inf)

    def all(self) -> Iterator[Memory]:
        """Yield the memories, the newest first."""
        return (kept.memory for kept in self._paged(_NEWEST, math.inf))

    def newest(self) -> Iterator[dict[str, Any]]:
        """Yield the memories as their files would have them, the newest first."""
        return (kept.value for kept in self._paged(_NEWEST, math.inf))

    def latest(self, containing: str, limit: int) -> list[dict[str, Any]]:
        """Return at most `limit` memories in whose text `containing` stands, in whatever case, newest first."""
        wanted = containing.casefold()
        found = (one for one in self.newest() if wanted in f"{one['content']} {one.get('response') or ''}".casefold())
        return list(islice(found, limit))

    def count(self) -> int:
        """Return how many memories there are."""
        with self._database.connection() as connection:
            return int(connection.execute("SELECT count(*) FROM memories").fetchall()[0][0])

    def reindex(self, progress: Progress = lambda done, total: None) -> None:
        """Make the index anew from the memories, in one transaction: until its end, the old one is searched."""
        with self._database.writing() as connection:
            waiting, done, total = self.all(), 0, self.count()
            connection.execute("DELETE FROM documents")
            while batch := list(islice(waiting, BATCH)):
                put(connection, map(_document, batch))
                done += len(batch)
                progress(done, total)

    def digests(self) -> dict[str, bytes]:
        """Return a digest of each memory's JSON, by id."""
        with self._database.connection() as connection:
            rows = connection.execute("SELECT id, sha256(convert_to(memory::text, 'UTF8')) FROM memories")
            return {name: bytes(digest) for name, digest in rows}

    def _paged(self, statement: str, start: float) -> Iterator[Kept]:
        at, name = start, ""
        while rows := self._page(statement, at, name):
            at, name = rows[-1][:2]
            yield from (Kept(place, value) for _, _, place, value in rows)

    def _page(self, statement: str, at: float, name: str) -> list[Any]:
        with self._database.connection() as connection:
            return connection.execute(statement, [at, name, BATCH]).fetchall()


def text_of(kept: Kept) -> str:
    """Return the JSON that is kept of a memory.

    Raises:
        SettingError: If it holds a number that JSON has no word for.
    """
    try:
        return json.dumps(kept.value, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise SettingError(kept.place, "", "holds a number that JSON has no word for", "mend it") from error


def _rewrite(connection: Connection, memory_id: str, kept: Kept) -> Memory:
    memory = kept.memory
    if memory.id != memory_id:
        raise StoreError(kept.place, f"{memory.id!r} is another memory's id", "an edit keeps the id")
    connection.execute(_REPLACE, [memory.at.timestamp(), text_of(kept), memory_id])
    put(connection, [_document(memory)])
    return memory


def _save(connection: Connection, batch: list[Kept]) -> int:
    given = {memory.id: (memory, kept) for memory, kept in ((kept.memory, kept) for kept in batch)}
    columns = [
        list(given),
        [kept.place for _, kept in given.values()],
        [memory.at.timestamp() for memory, _ in given.values()],
        [text_of(kept) for _, kept in given.values()],
    ]
    new = {name for (name,) in connection.execute(_SAVE, columns)}
    put(connection, [_document(memory) for name, (memory, _) in given.items() if name in new])
    return len(new)


def _document(memory: Memory) -> Document:
    return document_of(memory, "", NO_FILE)
