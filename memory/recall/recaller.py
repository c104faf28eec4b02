"""What memory brings to a message, best first, and why: from an index, in milliseconds, with no model needed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import NamedTuple

import numpy as np

from metahuman.memory.index import Candidate, Document, MemoryIndex, Where
from metahuman.memory.recall import ranking
from metahuman.memory.recall.asking import Asked, asked
from metahuman.memory.recall.choosing import spread, unlike
from metahuman.memory.recall.meaning import Meaning, Vectors, VectorStore, nearness
from metahuman.memory.recall.ranking import Array, Constants, Pool, Query, Score
from metahuman.memory.recall.times import Span
from metahuman.state.memories import turn_mark

#: Memories that the index finds, before their neighbours join.
FOUND = 50
#: How many of them, the best, are explained by their neighbours, which may be what is looked for.
EXPLAINED = 25
#: The rarest words of a long message; more of them only slow the search.
MOST_WORDS = 16
#: Memories of a time that some are chosen from, when nothing else is asked.
OF_A_TIME = 500
#: Memories that an embedder finds beside them.
ALIKE = 50
#: How long after the time asked for something may have been told, in seconds: half as near after each of these.
TOLD_LATER = 7 * 86_400.0
#: A hit scores at least this share of what the message's words weigh.
LEAST = 0.1


@dataclass(frozen=True)
class Wanted:
    """What is looked for.

    Args:
        text: The message.
        now: When it is asked, with a time zone: "yesterday" is a day there.
        thread: The conversation it is asked in.
        earlier: What was said in it before, the latest last; it explains a message that cannot stand alone.
        shown: Ids of memories that its last turns brought up already; they yield to others of equal worth.
        types: The kinds of memories wanted; None for what a conversation may draw on.
        since: Nothing older.
        until: Nothing of this moment or later.
        limit: How many at most.
        turns: Ids of the thread's turns that its prompt still shows.
    """

    text: str
    now: datetime
    thread: str | None = None
    earlier: Sequence[str] = ()
    shown: Collection[str] = ()
    types: Collection[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 8
    turns: Collection[str] = ()

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """What the ids of memories end in that its prompt still shows."""
        return tuple(turn_mark(turn) for turn in self.turns)


class Hit(NamedTuple):
    """A memory that was found, how well it fits, and why in plain words."""

    document: Document
    score: float
    why: str


class Recaller:
    """Finds memories.

    Args:
        index: Where they are looked up.
        meaning: An embedder, where there is one.
        vectors: The memories' vectors; without them there is no meaning.
        constants: What the ranking weighs with.
    """

    def __init__(
        self,
        index: MemoryIndex,
        meaning: Meaning | None = None,
        vectors: VectorStore | None = None,
        constants: Constants | None = None,
    ) -> None:
        self._index, self._meaning, self._vectors = index, meaning, vectors
        self._constants = constants or Constants()

    def find(self, wanted: Wanted) -> list[Hit]:
        """Return the memories that answer best, best first; none where nothing fits."""
        question = asked(wanted.text, wanted.now, wanted.earlier, wanted.types)
        where = _where(question.where, wanted)
        if not question.words and not question.earlier:
            return self._of_a_time(question, where, wanted)
        query = self._query(question)
        vector = self._vector(wanted.text)
        found = self._search(query, question, where) + self._alike(vector)
        around = self._index.around([one.number for one in found[:EXPLAINED]], ranking.REACH)
        pool = ranking.pool_of(found, around.values())
        return self._best(pool, query, question, where, wanted, vector) if pool.size else []

    def _query(self, question: Asked) -> Query:
        """Return the stems that tell most, of those that stand anywhere, with what each weighs."""
        shares = dict.fromkeys(question.words, 1.0) | dict.fromkeys(question.earlier, self._constants.earlier)
        frequencies = self._index.frequencies(list(shares))
        stems = [stem for stem in shares if frequencies.get(stem)]
        rarity = ranking.rarity(frequencies, stems, self._index.count())
        weights = rarity * [shares[stem] for stem in stems]
        best = sorted(np.argsort(-weights, kind="stable")[:MOST_WORDS].tolist())
        return Query(tuple(stems[place] for place in best), weights[best])

    def _search(self, query: Query, question: Asked, where: Where) -> list[Candidate]:
        """Return what the words find, of the time asked for first."""
        found: list[Candidate] = []
        for span in question.spans:
            found += self._index.search(query.stems, _within(where, span), FOUND // 4)
        found += self._index.search(query.stems, where, FOUND)
        return list({one.number: one for one in found}.values())

    def _vector(self, text: str) -> Vectors | None:
        return self._meaning.vectors([text], asking=True)[0] if self._meaning and self._vectors else None

    def _alike(self, vector: Vectors | None) -> list[Candidate]:
        """Return memories that mean about the same."""
        if vector is None or self._vectors is None:
            return []
        ids = self._vectors.nearest(vector, ALIKE)
        found = self._index.find(ids)
        return [found[id_] for id_ in ids if id_ in found]

    def _best(
        self, pool: Pool, query: Query, question: Asked, where: Where, wanted: Wanted, vector: Vectors | None
    ) -> list[Hit]:
        score = ranking.by_words(pool, query, self._constants)
        alike = self._nearness(pool, vector)
        words = score.words / max(query.total, 1e-9)
        total = self._adjusted(pool, words + self._constants.meaning * alike, question, wanted)
        worth = (words > LEAST) | (alike > 1 - LEAST)
        order = (row for row in np.argsort(-total, kind="stable").tolist() if worth[row])
        best = list(islice((row for row in order if _fits(pool.documents[row], where, wanted)), 4 * wanted.limit))
        chosen = [best[place] for place in unlike([pool.documents[row].words.split() for row in best], wanted.limit)]
        known = question.words | question.earlier
        return [
            Hit(pool.documents[row], round(float(total[row]), 4), _why(row, pool, query, score, known, question.spans))
            for row in chosen
        ]

    def _nearness(self, pool: Pool, vector: Vectors | None) -> Array:
        if vector is None or self._vectors is None:
            return np.zeros(pool.size)
        return nearness(vector, [document.id for document in pool.documents], self._vectors)

    def _adjusted(self, pool: Pool, scores: Array, question: Asked, wanted: Wanted) -> Array:
        """Return the scores with what else speaks for and against each memory."""
        constants = self._constants
        scores = (
            scores
            * ranking.habits(pool, question.words, constants)
            * ranking.recency(pool, wanted.now.timestamp(), constants)
        )
        if question.spans:
            scores = scores * (1 + constants.near_time * _nearness(pool, question.spans))
        if wanted.shown:
            shown = np.array([document.id in wanted.shown for document in pool.documents])
            scores = np.where(shown, constants.shown * scores, scores)
        return np.asarray(scores, float)

    def _of_a_time(self, question: Asked, where: Where, wanted: Wanted) -> list[Hit]:
        """Return memories of the times asked for, spread over them; nothing else was asked."""
        hits = []
        for span in question.spans:
            found = self._index.latest(_within(where, span), OF_A_TIME)[::-1]
            fitting = [one.document for one in found if _fits(one.document, where, wanted)]
            few = spread(fitting, 2 * wanted.limit)
            unique = [few[place] for place in unlike([one.words.split() for one in few], len(few))]
            hits += [Hit(one, 1.0, _moment(one)) for one in spread(unique, wanted.limit)]
        return hits[: wanted.limit]


def _where(where: Where, wanted: Wanted) -> Where:
    return replace(
        where,
        since=wanted.since.timestamp() if wanted.since else None,
        until=wanted.until.timestamp() if wanted.until else None,
    )


def _within(where: Where, span: Span) -> Where:
    since, until = span.since.timestamp(), span.until.timestamp()
    return replace(
        where,
        since=since if where.since is None else max(since, where.since),
        until=until if where.until is None else min(until, where.until),
    )


def _fits(document: Document, where: Where, wanted: Wanted) -> bool:
    """Tell whether a memory may be shown; the index has asked most of this, but of neighbours nothing."""
    return (
        not (wanted.turns and document.thread == wanted.thread and document.id.endswith(wanted.marks))
        and document.type in where.types
        and (document.current or not where.current)
        and (where.since is None or document.at >= where.since)
        and (where.until is None or document.at < where.until)
    )


def _nearness(pool: Pool, spans: Sequence[Span]) -> Array:
    """Return how near each memory is to the times asked for, 0 to 1: things are told when they happen, or later."""
    at, near = pool.at, np.zeros(pool.size)
    for span in spans:
        since, until = span.since.timestamp(), span.until.timestamp()
        away = np.where(at < since, (since - at) * 2, np.maximum(at - until, 0))
        near = np.maximum(near, 0.5 ** (away / max(TOLD_LATER, (until - since) / 2)))
    return near


def _why(row: int, pool: Pool, query: Query, score: Score, words: dict[str, str], spans: Sequence[Span]) -> str:
    gains = list(zip(query.stems, score.own[row].tolist(), score.near[row].tolist(), strict=True))
    own = [words[stem] for stem, held, _ in gains if held > 0]
    near = [words[stem] for stem, held, gain in gains if gain > 0 and held <= 0]
    parts = [f"words: {', '.join(own)}"] if own else []
    parts += [f"said near: {', '.join(near)}"] if near else []
    if spans and _nearness(pool, spans)[row] > 0.5:
        parts.append(_moment(pool.documents[row]))
    return "; ".join(parts) or "like in meaning"


def _moment(document: Document) -> str:
    return f"{datetime.fromtimestamp(document.at, UTC):%B %Y}"
