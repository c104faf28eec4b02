"""Memories' vectors in SQLite, looked through one by one: for a life's memories that takes milliseconds."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from metahuman.memory.recall.meaning import Vectors
from metahuman.memory.store.sqlite_file import SqliteFile

#: More vectors than this are not looked through: 384 numbers each, they would take 154 MB.
MOST = 100_000
VERSION = 1
REMEDY = "it is made anew as memories are read"
# Numbers are never given twice, so that the count and the highest of them tell whether anything was changed.
_SCHEMA = (
    "CREATE TABLE vectors (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, vector BLOB NOT NULL);"
)


class SqliteVectors:
    """See `metahuman.memory.meaning.VectorStore`. All vectors are of one length, kept as 16-bit numbers.

    Args:
        path: The file; created for the owner's eyes only when it is first used.
    """

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _SCHEMA, VERSION, REMEDY)
        self._lock = threading.Lock()
        self._state = (-1, -1)
        self._ids: list[str] = []
        self._matrix = np.zeros((0, 0), np.float32)

    def put(self, vectors: Mapping[str, Vectors]) -> None:
        """Keep a vector for each id, in the place of the one before.

        Raises:
            StoreError: If the file cannot be used; so do all methods.
        """
        rows = [(id_, vector.astype("<f2").tobytes()) for id_, vector in vectors.items()]
        statement = "INSERT OR REPLACE INTO vectors (id, vector) VALUES (?, ?)"
        self._file.write(lambda connection: connection.executemany(statement, rows))

    def get(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of these ids that are kept."""
        wanted = "SELECT vectors.id, vector FROM json_each(?) AS asked JOIN vectors ON vectors.id = asked.value"
        rows = self._file.read(lambda connection: connection.execute(wanted, (json.dumps(list(ids)),)).fetchall())
        return {id_: _vector(kept) for id_, kept in rows}

    def remove(self, ids: Iterable[str]) -> None:
        """Forget vectors."""
        rows = [(id_,) for id_ in ids]
        self._file.write(lambda connection: connection.executemany("DELETE FROM vectors WHERE id = ?", rows))
        with self._lock:
            self._state, self._ids, self._matrix = (-1, -1), [], np.zeros((0, 0), np.float32)

    def nearest(self, vector: Vectors, limit: int) -> list[str]:
        """Return the ids whose vectors are nearest, the nearest first; none where there are more than `MOST`."""
        with self._lock:
            self._file.read(self._renew)
            if not self._ids or self._matrix.shape[1] != len(vector):
                return []
            cosines = self._matrix @ vector
            best = np.argsort(-cosines, kind="stable")[:limit]
            return [self._ids[place] for place in best.tolist()]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _renew(self, connection: sqlite3.Connection) -> None:
        """Read all vectors, if any changed."""
        state = connection.execute("SELECT COUNT(*), COALESCE(MAX(number), 0) FROM vectors").fetchone()
        if state != self._state:
            rows = connection.execute("SELECT id, vector FROM vectors").fetchall() if state[0] <= MOST else []
            self._ids = [id_ for id_, _ in rows]
            self._matrix = np.stack([_vector(kept) for _, kept in rows]) if rows else np.zeros((0, 0), np.float32)
            self._state = state


def _vector(kept: bytes) -> Vectors:
    return np.frombuffer(kept, "<f2").astype(np.float32)
