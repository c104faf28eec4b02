"""How well memories answer a message: by their words, by what was said just before and after, by who and when.

The words are weighed as BM25 does (Robertson and Zaragoza, 2009, The Probabilistic Relevance Framework), whose fields
are here the memory itself and its neighbours in the thread: their counts are added before they are damped, as in BM25F
(ibid., 3.6). Constants are round; `benchmarks/memory_recall.py --sensitivity` shows what half and double of each does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from metahuman.memory.index import Candidate, Document
from metahuman.memory.recall.words import ASKED, stems

Array = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Constants:
    """What the ranking weighs with.

    Args:
        k1: How soon more of the same word adds nothing. Memories are short: less than BM25's usual 1.2.
        b: How much a long memory's words count for less. Memories are of all lengths: less than the usual 0.75.
        before: What a word counts that was said one and two turns before: a reply is found by what it replies to.
        after: What a word counts that is said one and two turns later.
        told: What a name or tag counts that belongs to the memory and is not in its text.
        speaker: How much more a memory counts whose speaker the message names.
        reply: How much more a memory counts that follows a question.
        question: How much less a memory counts that ends in a question.
        near_time: How much more a memory counts whose time was asked for.
        recency: How much more a memory of this moment counts than an old one.
        shown: What is left of a memory's score that was shown a moment ago.
        earlier: What a word counts of the conversation's last turns, for a message that cannot stand alone.
        meaning: What nearness of meaning counts beside the words, where there is an embedder.
    """

    k1: float = 1.0
    b: float = 0.4
    before: tuple[float, float] = (0.5, 0.3)
    after: tuple[float, float] = (0.25, 0.15)
    told: float = 2.0
    speaker: float = 0.15
    reply: float = 0.2
    question: float = 0.2
    near_time: float = 0.5
    recency: float = 0.05
    shown: float = 0.7
    earlier: float = 0.3
    meaning: float = 0.25


#: A memory this old counts half as recent, in seconds.
HALF_RECENT = 90 * 86_400
#: How many places before and after it a memory is explained by.
REACH = 2


@dataclass(frozen=True)
class Query:
    """Stems that are looked for, and what each weighs: its rarity among all memories times its share."""

    stems: tuple[str, ...]
    weights: Array

    @property
    def total(self) -> float:
        """The weight of a memory that holds all of them."""
        return float(self.weights.sum())


class Pool:
    """Candidates with their neighbours, and all their words.

    Args:
        documents: All of them.
        before: For each, the place of the one before it in its thread; that of the empty last row where none is known.
        after: The same, for the one after it.
    """

    def __init__(self, documents: list[Document], before: Places, after: Places) -> None:
        self.documents, self.before, self.after = documents, before, after
        self.at = np.array([document.at for document in documents], float)
        # Two blanks between words, so that one that is said twice in a row counts twice.
        self._texts = [f" {document.words.replace(' ', '  ')} " for document in documents]
        self.lengths = np.array([document.words.count(" ") + 1 for document in documents], float)

    @property
    def size(self) -> int:
        """How many memories there are."""
        return len(self.documents)

    def counts(self, stems: Sequence[str]) -> Array:
        """Return how often each stem stands in each memory's text, (n + 1, stems); the last row is empty."""
        found = np.zeros((self.size + 1, len(stems)))
        for column, stem in enumerate(stems):
            word = f" {stem} "
            found[:-1, column] = [text.count(word) for text in self._texts]
        return found

    def named(self, stems: Sequence[str]) -> Array:
        """Return 1 where a stem stands among a memory's names, (n + 1, stems)."""
        found = np.zeros((self.size + 1, len(stems)))
        names = [document.told for document in self.documents]
        rows = {told: row for row, told in enumerate(dict.fromkeys(names))}  # a few names stand with most memories
        held = [[stem in told.split() for stem in stems] for told in rows]
        if held:
            found[:-1] = np.array(held)[[rows[told] for told in names]]
        return found

    def asking(self) -> NDArray[np.bool_]:
        """Tell which memories hold a question, (n + 1,); the last row does not."""
        return np.array([*[ASKED in document.words for document in self.documents], False])

    def ends_asking(self) -> NDArray[np.bool_]:
        """Tell which memories end in a question, (n,)."""
        return np.array([document.words.endswith(ASKED) for document in self.documents])


def pool_of(found: Sequence[Candidate], around: Iterable[Sequence[Candidate]]) -> Pool:
    """Return what was found, in that order, and then its neighbours."""
    chains = list(around)
    documents = {one.number: one.document for one in chain(found, *chains)}
    places = {number: place for place, number in enumerate(documents)}
    back, forth = [len(places)] * (len(places) + 1), [len(places)] * (len(places) + 1)
    for neighbours in chains:
        for sooner, later in pairwise([places[one.number] for one in neighbours]):
            back[later], forth[sooner] = sooner, later
    return Pool(list(documents.values()), np.array(back), np.array(forth))


def rarity(frequencies: Mapping[str, int], stems: Sequence[str], count: int) -> Array:
    """Return how much each stem tells: BM25's inverse document frequency."""
    held = np.array([frequencies.get(stem, 0) for stem in stems], float)
    return np.asarray(np.log1p((np.maximum(count, held) - held + 0.5) / (held + 0.5)), float)


@dataclass(frozen=True)
class Score:
    """What the words of a query come to.

    Args:
        words: The score of each memory of the pool, (n,).
        own: What each stem adds to each memory by itself, (n, stems).
        near: What each stem adds by the neighbours alone, (n, stems).
    """

    words: Array
    own: Array
    near: Array


def by_words(pool: Pool, query: Query, constants: Constants) -> Score:
    """Score the memories of a pool by their words and their neighbours' words."""
    text, names = pool.counts(query.stems), pool.named(query.stems) * constants.told
    text[:-1] /= (1 - constants.b + constants.b * pool.lengths / pool.lengths.mean())[:, None]
    back, forth = pool.before, pool.after
    near = constants.before[0] * text[back] + constants.before[1] * text[back[back]]
    near += constants.after[0] * text[forth] + constants.after[1] * text[forth[forth]]
    held = (text + names)[:-1]
    whole = held + near[:-1]
    gains = query.weights * whole * (constants.k1 + 1) / (whole + constants.k1)
    return Score(gains.sum(1), held * query.weights, near[:-1] * query.weights)


def habits(pool: Pool, words: Collection[str], constants: Constants) -> Array:
    """Return what to multiply scores with, (n,): replies tell more than questions, and those named than others.

    Args:
        pool: The memories.
        words: The stems of the message.
        constants: What to weigh with.
    """
    replies = pool.asking()[pool.before[:-1]]
    speakers = {document.speaker for document in pool.documents}
    named = {speaker for speaker in speakers if not _of_name(speaker).isdisjoint(words)}
    speaks = np.array([document.speaker in named for document in pool.documents])
    factors = (1 + constants.reply * replies) * (1 - constants.question * pool.ends_asking())
    return np.asarray(factors * (1 + constants.speaker * speaks), float)


@lru_cache(1024)
def _of_name(speaker: str) -> frozenset[str]:
    return frozenset(stems(speaker))


def recency(pool: Pool, now: float, constants: Constants) -> Array:
    """Return what to multiply scores with, (n,), for how recent memories are."""
    age = np.maximum(now - pool.at, 0)
    return np.asarray(1 + constants.recency * 0.5 ** (age / HALF_RECENT), float)
