"""What PostgreSQL is asked in a search: which documents it looks at, and how it ranks them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import combinations
from typing import Any, TypeVar

from psycopg import sql

from metahuman.memory.index import Where

T = TypeVar("T")
#: Documents that one search scores, about: stems that would bring more rank documents, but do not find them.
SCORED = 1_000
#: Stems, the rarest, that one search asks for: a long message has more, but each is tried on every document scored.
ASKED = 32
#: So many of the common stems, the rarer ones, are looked for in pairs.
PAIRED = 6
#: Documents, the latest, that are looked through where all this finds too few.
LATEST = 2_000
#: How much the length of a document counts, as b in BM25 (Robertson and Zaragoza 2009, 3.2): little, most are short.
B = 0.4
#: BM25's k1, as usual.
K1 = 1.2
_COLUMNS = sql.SQL("number, id, path, modified, size, at, type, thread, speaker, current, words, told")
_FITS = sql.SQL("""
    (current OR NOT %(current)s) AND thread IS DISTINCT FROM %(not_thread)s::text
    AND (type = ANY(%(types)s::text[]) OR cardinality(%(types)s::text[]) = 0)
""")
#: Said only where it was asked for: that it keeps nothing out is not seen by whoever plans the search.
_IN_TIME = sql.SQL(" AND at >= %(since)s::float8 AND at < %(until)s::float8 ")
_NEWEST = sql.SQL("ORDER BY at DESC, number DESC LIMIT")
_BEST = sql.SQL("""
    ORDER BY ({sum}) / (1 + %(k1)s::float8 * (1 - %(b)s + %(b)s::float8 * length(stems) / %(average)s::float8)) DESC,
    at DESC, number DESC LIMIT %(limit)s
""")
_OF_LATEST = sql.SQL("""number IN (
    SELECT number FROM documents WHERE {found}
    UNION SELECT number FROM (SELECT number, stems FROM documents WHERE {fits} {newest} {latest}) AS latest
        WHERE stems @@ %(any)s::tsquery
)""")


def select(condition: str | sql.Composable) -> sql.Composed:
    """Return what asks for the documents that meet a condition."""
    meets = sql.SQL(condition) if isinstance(condition, str) else condition
    return sql.SQL("SELECT {} FROM documents WHERE {}").format(_COLUMNS, meets)


@cache
def search(stems: int, *, in_time: bool, among_latest: bool = False) -> sql.Composed:
    """Return the statement of a search.

    Args:
        stems: How many stems are asked for.
        in_time: Whether for a certain time.
        among_latest: Whether the latest documents are looked through for all stems besides.
    """
    fits = _FITS + _IN_TIME if in_time else _FITS
    found = sql.SQL("stems @@ %(wanted)s::tsquery AND {}").format(fits)
    if among_latest:
        found = _OF_LATEST.format(found=found, fits=fits, newest=_NEWEST, latest=sql.Literal(LATEST))
    weighed = "%(weight{0})s::float8 * (stems @@ %(stem{0})s::tsquery)::int"
    weights = sql.SQL(" + ").join(sql.SQL(weighed.format(number)) for number in range(stems))
    return select(found + _BEST.format(sum=weights))


def newest(*, in_time: bool) -> sql.Composed:
    """Return what asks for the newest documents."""
    return select((_FITS + _IN_TIME if in_time else _FITS) + _NEWEST + sql.SQL(" %(limit)s"))


def fitting(where: Where) -> dict[str, Any]:
    """Return the values of the conditions that a document has to meet."""
    return {
        "types": list(where.types),
        "not_thread": where.not_thread,
        "since": -math.inf if where.since is None else where.since,
        "until": math.inf if where.until is None else where.until,
        "current": where.current,
    }


def in_time_of(where: Where) -> bool:
    """Tell whether a certain time is asked for."""
    return where.since is not None or where.until is not None


def rarest(frequencies: Mapping[str, int]) -> dict[str, int]:
    """Return the stems that are worth asking for, the rarest first."""
    return dict(sorted(frequencies.items(), key=lambda stem: stem[1])[:ASKED])


def searching(known: Mapping[str, int], documents: int, length: int, where: Where, limit: int) -> dict[str, Any]:
    """Return the values of a search; where `wanted` is empty, all stems are too common to look for.

    Args:
        known: The stems that are asked for, see `rarest`.
        documents: How many documents there are.
        length: How many different stems each has, all together.
        where: Which documents may be found.
        limit: How many at most.
    """
    stems = list(known)
    rare = _within(SCORED, stems, known)
    pairs = _pairs(stems[len(rare) :][:PAIRED], known, documents)
    return {
        **fitting(where),
        "wanted": " | ".join([*map(_quoted, rare), *pairs]),
        "any": " | ".join(map(_quoted, stems)),
        **{f"stem{number}": _quoted(stem) for number, stem in enumerate(stems)},
        **{f"weight{number}": _weight(known[stem], documents) for number, stem in enumerate(stems)},
        "average": max(1.0, length / max(1, documents)),
        "k1": K1,
        "b": B,
        "limit": limit,
    }


def _within(documents: int, stems: Iterable[T], known: Mapping[T, int]) -> list[T]:
    """Return the first of the stems, as long as they bring no more than so many documents together."""
    taken, brought = [], 0
    for stem in stems:
        brought += known[stem]
        if brought > documents:
            break
        taken.append(stem)
    return taken


def _pairs(stems: Iterable[str], known: Mapping[str, int], documents: int) -> list[str]:
    """Return the pairs of stems that are likely to bring no more documents than one search scores, the rarest first."""
    together = {(one, other): known[one] * known[other] // documents for one, other in combinations(stems, 2)}
    taken = _within(SCORED, sorted(together, key=together.__getitem__), together)
    return [f"({_quoted(one)} & {_quoted(other)})" for one, other in taken]


def _weight(frequency: int, documents: int) -> float:
    """Return the inverse document frequency as Lucene's BM25 has it: never negative."""
    return math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))


def _quoted(stem: str) -> str:
    """Return a stem as a tsquery takes it literally."""
    return "'" + stem.replace("\\", "\\\\").replace("'", "''") + "'"
