"""How documents are written into the SQLite index and taken out of it, inside a transaction of the caller's."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any

from metahuman.memory.index import Document

#: Documents that are looked up and written at a time: the more, the fewer stems are counted twice.
BATCH = 2_000
#: The version of `SCHEMA`: raise it with each change, and every index is made anew from the files.
VERSION = 2
#: Stands among the stems for all documents, whose number would take long to count.
ALL = ""
# Stems come ready made, so that all but blanks is part of a word.
_PUNCTUATION = "".join(sign for sign in map(chr, range(33, 127)) if not sign.isalnum())
_TOKENIZER = "ascii tokenchars '{}'".format(_PUNCTUATION.replace("'", "''")).replace("'", "''")
SCHEMA = f"""
CREATE TABLE documents (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, path TEXT NOT NULL,
    modified INTEGER NOT NULL, size INTEGER NOT NULL, at REAL NOT NULL,
    type INTEGER NOT NULL, thread INTEGER NOT NULL, speaker TEXT NOT NULL, holds INTEGER NOT NULL
);
CREATE INDEX by_thread ON documents (thread, at);
CREATE INDEX by_type ON documents (type, at);
CREATE INDEX by_path ON documents (path) WHERE substr(path, -1) <> '*';
CREATE TABLE texts (number INTEGER PRIMARY KEY, words TEXT NOT NULL, told TEXT NOT NULL);
CREATE TABLE types (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE threads (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE stems (stem TEXT PRIMARY KEY, documents INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE intents (id TEXT PRIMARY KEY, path TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE filled (mark INTEGER PRIMARY KEY);
CREATE VIRTUAL TABLE terms USING fts5 (
    words, told, content='texts', content_rowid='number', detail=none, columnsize=0, tokenize='{_TOKENIZER}'
);
"""
_KNOWN = """
SELECT id, number, words, told FROM documents JOIN texts USING (number)
WHERE id IN (SELECT value FROM json_each(?))
"""
_ADD = "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CHANGE = """
UPDATE documents SET path = ?, modified = ?, size = ?, at = ?, type = ?, thread = ?, speaker = ?, holds = ?
WHERE number = ?
"""
_ADD_TEXT = "INSERT INTO texts VALUES (?, ?, ?)"
_ADD_TERMS = "INSERT INTO terms (rowid, words, told) VALUES (?, ?, ?)"
_DROP_TERMS = "INSERT INTO terms (terms, rowid, words, told) VALUES ('delete', ?, ?, ?)"
_COUNT = """
INSERT INTO stems VALUES (?, ?) ON CONFLICT (stem) DO UPDATE SET documents = documents + excluded.documents
"""
_UNUSED = "DELETE FROM {0}s WHERE NOT EXISTS (SELECT 1 FROM documents WHERE documents.{0} = {0}s.number)"
_ADD_NAME = "INSERT OR IGNORE INTO {} (name) VALUES (?)"
_FIND_NAME = "SELECT number FROM {} WHERE name = ?"
#: A document's number, and its words and signs as they were indexed.
Text = tuple[int, str, str]


def put(connection: sqlite3.Connection, documents: Iterable[Document]) -> bool:
    """Add documents, each in the place of one of the same id; tell whether words of one were replaced."""
    waiting, replaced = iter(documents), False
    types, threads = _Names(connection, "types"), _Names(connection, "threads")
    while batch := {document.id: document for document in islice(waiting, BATCH)}:
        known = _known(connection, batch)
        new = [document for name, document in batch.items() if name not in known]
        first = connection.execute("SELECT IFNULL(MAX(number), 0) + 1 FROM documents").fetchone()[0]
        numbered = list(enumerate(new, start=first))
        connection.executemany(
            _ADD, [(number, document.id, *_fields(document, types, threads)) for number, document in numbered]
        )
        changed = [(batch[name], text) for name, text in known.items()]
        connection.executemany(_CHANGE, [(*_fields(document, types, threads), text[0]) for document, text in changed])
        other = [(document, text) for document, text in changed if text[1:] != (document.words, document.told)]
        _drop_texts(connection, [text for _, text in other])
        texts = [*numbered, *((text[0], document) for document, text in other)]
        _add_texts(connection, [(number, document.words, document.told) for number, document in texts])
        connection.executemany("DELETE FROM intents WHERE id = ?", [(name,) for name in batch])
        replaced = replaced or bool(other)
    return replaced


def remove(connection: sqlite3.Connection, ids: Iterable[str]) -> bool:
    """Take documents out; tell whether there were any."""
    waiting, found = iter(ids), False
    while batch := list(islice(waiting, BATCH)):
        texts = list(_known(connection, batch).values())
        _drop_texts(connection, texts)
        connection.executemany("DELETE FROM documents WHERE number = ?", [(number,) for number, *_ in texts])
        connection.executemany("DELETE FROM intents WHERE id = ?", [(name,) for name in batch])
        found = found or bool(texts)
    if found:
        for kind in ("type", "thread"):
            connection.execute(_UNUSED.format(kind))
    return found


def scrub(connection: sqlite3.Connection) -> None:
    """Write the terms anew, so that none stays behind of a text that is gone: till then FTS5 only marks it as gone."""
    connection.execute("INSERT INTO terms (terms) VALUES ('optimize')")


def _known(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Text]:
    rows = connection.execute(_KNOWN, [json.dumps(list(ids))])
    return {name: (number, words, told) for name, number, words, told in rows}


def _fields(document: Document, types: _Names, threads: _Names) -> tuple[Any, ...]:
    """Return what `documents` holds of a document, without its number and id."""
    path = short_path(document.path, document.id)
    numbers = types.number(document.type), threads.number(document.thread)
    return path, *document.stamp, document.at, *numbers, document.speaker, document.current


def short_path(path: str, memory_id: str) -> str:
    """Return a path in which a file that is called as its memory, as nearly all are, is "*"."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}*" if name == f"{memory_id}.json" else path


def whole_path(path: str, memory_id: str) -> str:
    """Return the path that `short_path` shortened."""
    return f"{path[:-1]}{memory_id}.json" if path.endswith("*") else path


def _add_texts(connection: sqlite3.Connection, texts: Sequence[Text]) -> None:
    connection.executemany(_ADD_TEXT, texts)
    connection.executemany(_ADD_TERMS, texts)
    connection.executemany(_COUNT, _counts(texts).items())


def _drop_texts(connection: sqlite3.Connection, texts: Sequence[Text]) -> None:
    if texts:
        connection.executemany(_DROP_TERMS, texts)
        connection.executemany("DELETE FROM texts WHERE number = ?", [(number,) for number, *_ in texts])
        counts = _counts(texts)
        connection.executemany(_COUNT, [(stem, -count) for stem, count in counts.items()])
        gone = [(stem,) for stem in counts]
        connection.executemany("DELETE FROM stems WHERE stem = ? AND documents <= 0", gone)


def _counts(texts: Sequence[Text]) -> Counter[str]:
    """Return in how many of the texts each stem stands; `ALL` stands in each."""
    return Counter(chain.from_iterable({ALL, *words.split(), *told.split()} for _, words, told in texts))


class _Names:
    """The numbers that stand for types or threads: names that thousands of documents share."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self._connection, self._numbers = connection, dict[str, int]()
        self._add, self._find = _ADD_NAME.format(table), _FIND_NAME.format(table)

    def number(self, name: str) -> int:
        """Return the number of a name, which gets one if it has none."""
        if name not in self._numbers:
            self._connection.execute(self._add, [name])
            self._numbers[name] = self._connection.execute(self._find, [name]).fetchone()[0]
        return self._numbers[name]
