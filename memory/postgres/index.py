"""The index over the memories in PostgreSQL, for several workers on one home."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from psycopg import sql

from metahuman.memory.index import Candidate, Document, Stamp, Where
from metahuman.memory.postgres.database import Connection, Database
from metahuman.memory.postgres.query import fitting, in_time_of, newest, rarest, search, searching, select
from metahuman.state.files import whole

#: Documents in one statement.
BATCH = 1_000
#: Characters of a stem, and stems of a document: PostgreSQL takes a megabyte of them at most.
_STEM_LENGTH, _STEMS = 60, 4_000
_PUT = """
INSERT INTO documents (id, path, modified, size, at, type, thread, speaker, current, words, told, stems)
SELECT id, path, modified, size, at, type, thread, speaker, current, words, told,
    array_to_tsvector(string_to_array(stems, ' '))
FROM unnest(
    %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::float8[], %s::text[], %s::text[], %s::text[], %s::boolean[],
    %s::text[], %s::text[], %s::text[]
) AS given (id, path, modified, size, at, type, thread, speaker, current, words, told, stems)
ON CONFLICT (id) DO UPDATE SET
    path = excluded.path, modified = excluded.modified, size = excluded.size, at = excluded.at, type = excluded.type,
    thread = excluded.thread, speaker = excluded.speaker, current = excluded.current, words = excluded.words,
    told = excluded.told, stems = excluded.stems
"""
_FREQUENCIES = "SELECT stem, documents FROM stems WHERE stem = ANY(%s)"
_TOTALS = "SELECT documents, stems FROM totals"
_AROUND = """
SELECT asked.number, near.number
FROM unnest(%(numbers)s::bigint[]) AS asked (number) JOIN documents AS it USING (number) CROSS JOIN LATERAL (
    (SELECT number, at FROM documents WHERE thread = it.thread AND (at, number) <= (it.at, it.number)
        ORDER BY at DESC, number DESC LIMIT CASE WHEN it.thread = '' THEN 1 ELSE %(reach)s + 1 END)
    UNION ALL
    (SELECT number, at FROM documents WHERE thread = it.thread AND (at, number) > (it.at, it.number)
        ORDER BY at, number LIMIT CASE WHEN it.thread = '' THEN 0 ELSE %(reach)s END)
) AS near ORDER BY asked.number, near.at, near.number
"""


class PostgresIndex:
    """The index of one home; see `metahuman.memory.index.MemoryIndex`.

    Args:
        database: The home's part of the database, opened.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, documents: Iterable[Document]) -> None:
        """Add documents, each in the place of one of the same id, all or none of them."""
        with self._database.writing() as connection:
            put(connection, documents)

    def remove(self, ids: Iterable[str]) -> None:
        """Forget documents. No statement finds anything of them from then on; `Database.scrub` clears the disk too."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM documents WHERE id = ANY(%s)", [list(ids)])

    def count(self) -> int:
        """Return how many documents there are."""
        with self._database.connection() as connection:
            return _totals(connection)[0]

    def frequencies(self, stems: Sequence[str]) -> Mapping[str, int]:
        """Return in how many documents each stem stands; stems that stand nowhere are left out."""
        with self._database.connection() as connection:
            return _frequencies(connection, stems)

    def search(self, stems: Sequence[str], where: Where, limit: int) -> list[Candidate]:
        """Return the documents that hold most of the stems, the rare ones counting more, best first."""
        with self._database.connection() as connection:
            known, (documents, length) = rarest(_frequencies(connection, map(_key, stems))), _totals(connection)
            if not known:
                return []
            asked, in_time = searching(known, documents, length, where, limit), in_time_of(where)
            found = _candidates(connection, search(len(known), in_time=in_time), asked) if asked["wanted"] else []
            if len(found) < limit and asked["any"] != asked["wanted"]:
                found = _candidates(connection, search(len(known), in_time=in_time, among_latest=True), asked)
            return found

    def around(self, numbers: Sequence[int], reach: int) -> dict[int, list[Candidate]]:
        """Return, for each number, the documents of its thread within `reach` places of it, itself too, in order."""
        with self._database.connection() as connection:
            pairs = connection.execute(_AROUND, {"numbers": list(numbers), "reach": reach}).fetchall()
            near = _candidates(
                connection, select("number = ANY(%(numbers)s)"), {"numbers": list({n for _, n in pairs})}
            )
        by_number = {candidate.number: candidate for candidate in near}
        places: dict[int, list[Candidate]] = {}
        for asked, number in pairs:
            if candidate := by_number.get(number):  # not removed just now
                places.setdefault(asked, []).append(candidate)
        return places

    def latest(self, where: Where, limit: int) -> list[Candidate]:
        """Return the documents made last, the newest first."""
        with self._database.connection() as connection:
            return _candidates(connection, newest(in_time=in_time_of(where)), fitting(where) | {"limit": limit})

    def find(self, ids: Sequence[str]) -> dict[str, Candidate]:
        """Return the documents of these ids that there are."""
        with self._database.connection() as connection:
            found = _candidates(connection, select("id = ANY(%(ids)s)"), {"ids": list(ids)})
        return {candidate.document.id: candidate for candidate in found}

    def stamps(self) -> Iterator[tuple[str, str, Stamp]]:
        """Yield the id, the path and the file's stamp of every document."""
        last = 0
        while rows := self._stamps_after(last):
            yield from ((name, path, Stamp(modified, size)) for _, name, path, modified, size in rows)
            last = rows[-1][0]

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def _stamps_after(self, number: int) -> list[Any]:
        statement = "SELECT number, id, path, modified, size FROM documents WHERE number > %s ORDER BY number LIMIT %s"
        with self._database.connection() as connection:
            return connection.execute(statement, [number, BATCH]).fetchall()


def put(connection: Connection, documents: Iterable[Document]) -> None:
    """Add documents inside the caller's transaction."""
    waiting = iter(documents)
    while batch := {document.id: document for document in islice(waiting, BATCH)}:
        columns = zip(*(_row(document) for document in batch.values()), strict=True)
        connection.execute(_PUT, [list(column) for column in columns])


def storable(document: Document) -> Document:
    """Return a document as the index has it, without what PostgreSQL cannot hold."""
    values: list[Any] = [_storable(value) if isinstance(value, str) else value for value in document]
    return Document(*values)


def _row(document: Document) -> list[Any]:
    stems = dict.fromkeys(stem[:_STEM_LENGTH] for stem in f"{document.words} {document.told}".split())
    stored, text = storable(document), _storable(" ".join(islice(stems, _STEMS)))
    return [stored.id, stored.path, *stored.stamp, *stored[3:], text]


def _storable(text: str) -> str:
    """Return a text without what PostgreSQL cannot hold: NUL, and halves of characters."""
    return str(whole(text)).replace("\0", "\ufffd")


def _key(stem: str) -> str:
    """Return a stem as the index has it."""
    return _storable(stem[:_STEM_LENGTH])


def _frequencies(connection: Connection, stems: Iterable[str]) -> dict[str, int]:
    keys = {_key(stem): stem for stem in stems}
    return {keys[stem]: count for stem, count in connection.execute(_FREQUENCIES, [list(keys)])}


def _totals(connection: Connection) -> tuple[int, int]:
    """Return how many documents there are, and how many different stems each has, all together."""
    documents, stems = connection.execute(_TOTALS).fetchall()[0]
    return documents, stems


def _candidates(connection: Connection, statement: sql.Composed, values: Mapping[str, Any]) -> list[Candidate]:
    rows = connection.execute(statement, values).fetchall()  # at once: one by one costs more than the rest
    return [
        Candidate(number, Document(name, path, Stamp(modified, size), *rest))
        for number, name, path, modified, size, *rest in rows
    ]
