"""How the SQLite index finds the documents that hold most of some stems, in a few milliseconds among a million."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from metahuman.memory.index import Candidate, Document, Stamp, Where
from metahuman.memory.store.sqlite_writing import ALL, whole_path

#: Documents that the stems of one search may bring, about; the commonest stems, which would bring more, only rank.
BROUGHT = 3_000
#: Where types leave no more documents than this, only these are looked for; the same for a stretch of time.
FEW, FEW_IN_TIME = 1_000, 5_000
#: What stems may bring of longer stretches of time, which will leave most of it out.
BROUGHT_IN_TIME = 10_000
#: Stems that are too common to look for, the rarest of them, are looked for in pairs; documents of a pair.
PAIRED, OF_A_PAIR = 4, 500
#: How much a document's length counts, as b and k1 of BM25 (Robertson and Zaragoza 2009, 3.2): little, most are short.
B, K1 = 0.4, 1.2

Numbers = npt.NDArray[np.int64]
# CROSS JOIN keeps SQLite from beginning with all documents of a type instead of the few that are asked for.
_COLUMNS = """
SELECT documents.number, documents.id, documents.path, modified, size, at, types.name, threads.name, speaker, holds,
words, told
FROM json_each(?) AS asked CROSS JOIN documents ON {} = asked.value
CROSS JOIN texts ON texts.number = documents.number
CROSS JOIN types ON types.number = documents.type CROSS JOIN threads ON threads.number = documents.thread
WHERE {}
"""
_HOLDING = """
SELECT group_concat(rowid) FROM (
    SELECT rowid FROM terms WHERE terms MATCH ? {} ORDER BY rowid DESC LIMIT ?)
"""
_NEWEST = "SELECT group_concat(number) FROM (SELECT number FROM ({}) ORDER BY at DESC, number DESC LIMIT {})"
_ONE_MORE = "SELECT 1 FROM documents WHERE {} LIMIT 1 OFFSET {}"
_WITHIN = "SELECT group_concat(number) FROM documents WHERE {}"
_OF_TYPE = "SELECT * FROM (SELECT number, at FROM documents WHERE type = {} AND {} ORDER BY at DESC LIMIT {})"


class Known(NamedTuple):
    """A stem that stands somewhere: in how many documents, and what it weighs."""

    stem: str
    documents: int
    weight: float


class Scope(NamedTuple):
    """Which documents may be found, in SQL.

    Args:
        types: The numbers of their types.
        of_index: Their types, and their moments if these matter, which an index by itself can tell.
        meets: All that they have to meet.
        timed: Whether moments are a part of it.
        narrow: Whether they may be few.
    """

    types: str
    of_index: str
    meets: str
    timed: bool
    narrow: bool


class Among(NamedTuple):
    """Which documents are looked at.

    Args:
        most: As many as stems may bring, about.
        numbers: What their numbers have to meet, in SQL.
    """

    most: int
    numbers: str = ""


class Found(NamedTuple):
    """Documents, by number, that hold a stem or two, and what that weighs."""

    numbers: Numbers
    weight: float


def search(connection: sqlite3.Connection, stems: Sequence[str], where: Where, limit: int) -> list[Candidate]:
    """Return the documents that hold most of the stems, the rare ones counting more, best first."""
    known, scope = _weighed(connection, stems), _scope(connection, where)
    numbers = _brought(connection, known, scope, limit)
    found: list[Candidate] = []
    step = limit + limit // 8  # some do not meet the conditions
    while len(numbers) and len(found) < limit:
        found = _ranked([*found, *of_numbers(connection, numbers[:step].tolist(), scope.meets)], known)
        numbers, step = numbers[step:], 2 * step
    return found[:limit]


def latest(connection: sqlite3.Connection, where: Where, limit: int) -> list[Candidate]:
    """Return the documents made last, the newest first."""
    numbers = _newest(connection, _scope(connection, where), limit)
    return sorted(of_numbers(connection, numbers.tolist()), key=_moment, reverse=True)


def count(connection: sqlite3.Connection) -> int:
    """Return how many documents there are."""
    return frequencies(connection, [ALL]).get(ALL, 0)


def frequencies(connection: sqlite3.Connection, stems: Sequence[str]) -> dict[str, int]:
    """Return in how many documents each stem stands that stands somewhere."""
    asked = "SELECT stem, documents FROM json_each(?) AS asked CROSS JOIN stems ON stem = asked.value"
    return dict(connection.execute(asked, [json.dumps(list(stems))]).fetchall())


def of_numbers(connection: sqlite3.Connection, numbers: Iterable[int], meets: str = "1") -> list[Candidate]:
    """Return the documents of these numbers that meet a condition."""
    wanted = _COLUMNS.format("documents.number", meets)
    return _candidates(connection.execute(wanted, [json.dumps(list(numbers))]))


def of_ids(connection: sqlite3.Connection, ids: Iterable[str]) -> list[Candidate]:
    """Return the documents of these ids that there are."""
    return _candidates(connection.execute(_COLUMNS.format("documents.id", "1"), [json.dumps(list(ids))]))


def _candidates(rows: Iterable[tuple[Any, ...]]) -> list[Candidate]:
    found = []
    for number, name, path, modified, size, at, kind, thread, speaker, holds, words, told in rows:
        file, stamp = whole_path(path, name), Stamp(modified, size)
        found.append(Candidate(number, Document(name, file, stamp, at, kind, thread, speaker, holds == 1, words, told)))
    return found


def _scope(connection: sqlite3.Connection, where: Where) -> Scope:
    """Return which documents may be found, with names as the numbers that they have in the file."""
    types = ", ".join(map(str, _types(connection, where)))
    thread = connection.execute("SELECT number FROM threads WHERE name = ?", [where.not_thread]).fetchone()
    moments = [f"at {sign} {_finite(at)}" for sign, at in ((">=", where.since), ("<", where.until)) if at is not None]
    of_index = " AND ".join([f"documents.type IN ({types})", *moments])
    others = [f"documents.thread <> {thread[0]}"] if thread else []
    meets = " AND ".join([of_index, *others, *(["holds"] if where.current else [])])
    return Scope(types, of_index, meets, bool(moments), narrow=bool(moments or where.types))


def _finite(moment: float) -> float:
    """Return a moment as SQL can have it; one without end is before or after every memory."""
    return min(max(float(moment), -1e18), 1e18)


def _types(connection: sqlite3.Connection, where: Where) -> list[int]:
    """Return the numbers of the types that may be found."""
    if not where.types:
        return [number for (number,) in connection.execute("SELECT number FROM types")]
    asked = "SELECT number FROM types WHERE name IN (SELECT value FROM json_each(?))"
    return [number for (number,) in connection.execute(asked, [json.dumps(list(where.types))])]


def _weighed(connection: sqlite3.Connection, stems: Sequence[str]) -> list[Known]:
    """Return the stems that stand somewhere, the rarest first; a stem's weight is its idf in BM25."""
    counts = frequencies(connection, [ALL, *stems])
    total = counts.pop(ALL, 0)
    rarest = sorted(counts.items(), key=lambda one: (one[1], one[0]))
    return [Known(stem, n, math.log1p((total - n + 0.5) / (n + 0.5))) for stem, n in rarest]


def _brought(connection: sqlite3.Connection, known: Sequence[Known], scope: Scope, limit: int) -> Numbers:
    """Return the documents worth a closer look, the most promising first."""
    if not known:
        return _parsed(None)
    within = _within(connection, scope)
    if within is not None:
        return _brought_of(connection, known, within, limit)
    return _merged(_holding(connection, known, Among(BROUGHT_IN_TIME if scope.timed else BROUGHT), limit))


def _brought_of(connection: sqlite3.Connection, known: Sequence[Known], within: Numbers, limit: int) -> Numbers:
    """Return those of a few documents that are worth a closer look, the most promising first."""
    if not len(within):
        return within
    among = Among(BROUGHT_IN_TIME, f"AND rowid BETWEEN {within.min()} AND {within.max()}")
    found = _holding(connection, known, among, limit)
    brought = _merged([Found(one.numbers[np.isin(one.numbers, within)], one.weight) for one in found])
    if sum(one.documents for one in known) <= BROUGHT_IN_TIME:
        return brought
    # What holds only stems that were too common to look for comes last.
    return np.concatenate([brought, np.setdiff1d(within, brought)[: -FEW - 1 : -1]])


def _within(connection: sqlite3.Connection, scope: Scope) -> Numbers | None:
    """Return the documents that types and times leave, if these are few; None if they are many."""
    if not scope.narrow:
        return None
    most = FEW_IN_TIME if scope.timed else FEW
    if connection.execute(_ONE_MORE.format(scope.of_index, most)).fetchone():
        return None
    return _parsed(connection.execute(_WITHIN.format(scope.of_index)).fetchone()[0])


def _holding(connection: sqlite3.Connection, known: Sequence[Known], among: Among, limit: int) -> list[Found]:
    """Return which documents hold the rare stems; pairs of the next ones too, where those bring too few."""
    rare = max(1, sum(total <= among.most for total in np.cumsum([one.documents for one in known])))
    found = [_asked(connection, [one], among, among.most) for one in known[:rare]]
    if sum(len(one.numbers) for one in found) < limit or known[0].documents > among.most:
        next_ones = known[0 if known[0].documents > among.most else rare :][:PAIRED]
        found += [_asked(connection, pair, among, OF_A_PAIR) for pair in combinations(next_ones, 2)]
    return found


def _asked(connection: sqlite3.Connection, stems: Sequence[Known], among: Among, most: int) -> Found:
    """Return which documents hold these stems, the latest put in if there are too many."""
    asked = " AND ".join('"{}"'.format(one.stem.replace('"', '""')) for one in stems)
    (numbers,) = connection.execute(_HOLDING.format(among.numbers), [asked, most]).fetchone()
    return Found(_parsed(numbers), sum(one.weight for one in stems))


def _parsed(numbers: str | None) -> Numbers:
    """Return numbers that SQLite wrote in a row: ten times as fast as fetching a row for each."""
    return np.fromstring(numbers or "", np.int64, sep=",")


def _merged(found: Sequence[Found]) -> Numbers:
    """Return each document once, those of the greatest weight first, and of these the latest put in."""
    numbers = np.concatenate([one.numbers for one in found])
    weights = np.repeat([one.weight for one in found], [len(one.numbers) for one in found])
    order = np.argsort(-numbers, kind="stable")
    numbers, weights = numbers[order], weights[order]
    first = np.flatnonzero(np.diff(numbers, prepend=-1))  # of each document's places in a row
    sums = np.add.reduceat(weights, first) if len(first) else weights
    return numbers[first][np.argsort(-sums, kind="stable")]


def _newest(connection: sqlite3.Connection, scope: Scope, limit: int) -> Numbers:
    """Return the documents made last, newest first: those of each type, as the index has them, and the last of all."""
    if not scope.types:
        return _parsed(None)
    each = " UNION ALL ".join(_OF_TYPE.format(number, scope.meets, limit) for number in scope.types.split(", "))
    return _parsed(connection.execute(_NEWEST.format(each, limit)).fetchone()[0])


def _ranked(found: Sequence[Candidate], known: Sequence[Known]) -> list[Candidate]:
    """Return documents, the best first: as BM25, with each stem counted once, and left out if they hold none."""
    texts = [f" {one.document.words} {one.document.told} " for one in found]
    lengths = [text.count(" ") for text in texts]
    average = sum(lengths) / max(len(lengths), 1)
    weights = [(f" {one.stem} ", one.weight) for one in known]
    scored = []
    for candidate, text, length in zip(found, texts, lengths, strict=True):
        if weight := sum([weight for stem, weight in weights if stem in text]):
            scored.append((weight / (1 + K1 * (1 - B + B * length / average)), candidate.number, candidate))
    return [candidate for *_, candidate in sorted(scored, reverse=True)]


def _moment(candidate: Candidate) -> tuple[float, int]:
    return candidate.document.at, candidate.number
