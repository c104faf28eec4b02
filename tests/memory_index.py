"""An index over memories that is kept in memory: for research, and for tests that need no database."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from metahuman.memory.index import Candidate, Document, Stamp, Where

#: The usual constants of BM25 (Robertson and Zaragoza, 2009).
K1, B = 1.2, 0.75


class InMemoryIndex:
    """A `MemoryIndex` that scores every document exactly, by BM25."""

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._found: dict[str, Candidate] = {}
        self._stems: dict[int, Counter[str]] = {}
        self._postings: dict[str, set[int]] = defaultdict(set)
        self._by_number: dict[int, Candidate] = {}
        self._threads: dict[str, list[int]] = {}
        self._next = 1
        self.put(documents)

    def put(self, documents: Iterable[Document]) -> None:
        for document in list(documents):
            self._drop(document.id)
            number, self._next = self._next, self._next + 1
            candidate = Candidate(number, document)
            self._found[document.id] = self._by_number[number] = candidate
            self._stems[number] = Counter(f"{document.words} {document.told}".split())
            for stem in self._stems[number]:
                self._postings[stem].add(number)
        self._order()

    def remove(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            self._drop(id_)
        self._order()

    def count(self) -> int:
        return len(self._found)

    def frequencies(self, stems: Sequence[str]) -> Mapping[str, int]:
        return {stem: len(self._postings[stem]) for stem in stems if self._postings.get(stem)}

    def search(self, stems: Sequence[str], where: Where, limit: int) -> list[Candidate]:
        if not self._stems:
            return []
        scores: dict[int, float] = defaultdict(float)
        mean = sum(held.total() for held in self._stems.values()) / len(self._stems)
        for stem in dict.fromkeys(stems):
            holders = self._postings.get(stem, set())
            weight = math.log(1 + (self.count() - len(holders) + 0.5) / (len(holders) + 0.5))
            for number in holders:
                held = self._stems[number]
                damped = K1 * (1 - B + B * held.total() / mean)
                scores[number] += weight * held[stem] * (K1 + 1) / (held[stem] + damped)
        best = sorted(scores, key=lambda number: (-scores[number], number))
        fitting = (self._by_number[number] for number in best if _fits(self._by_number[number].document, where))
        return [candidate for candidate, _ in zip(fitting, range(limit), strict=False)]

    def around(self, numbers: Sequence[int], reach: int) -> dict[int, list[Candidate]]:
        found = {}
        for number in numbers:
            if (candidate := self._by_number.get(number)) is None:
                continue
            thread = self._threads.get(candidate.document.thread, [number])
            at = thread.index(number)
            found[number] = [self._by_number[one] for one in thread[max(0, at - reach) : at + reach + 1]]
        return found

    def latest(self, where: Where, limit: int) -> list[Candidate]:
        fitting = [candidate for candidate in self._found.values() if _fits(candidate.document, where)]
        return sorted(fitting, key=lambda one: (-one.document.at, -one.number))[:limit]

    def find(self, ids: Sequence[str]) -> dict[str, Candidate]:
        return {id_: self._found[id_] for id_ in ids if id_ in self._found}

    def stamps(self) -> Iterator[tuple[str, str, Stamp]]:
        yield from ((one.document.id, one.document.path, one.document.stamp) for one in self._found.values())

    def close(self) -> None:
        """Nothing is open."""

    def _drop(self, id_: str) -> None:
        if (candidate := self._found.pop(id_, None)) is not None:
            del self._by_number[candidate.number]
            for stem in self._stems.pop(candidate.number):
                self._postings[stem].discard(candidate.number)

    def _order(self) -> None:
        self._threads = defaultdict(list)
        for number, (_, document) in sorted(self._by_number.items(), key=lambda item: (item[1].document.at, item[0])):
            if document.thread:
                self._threads[document.thread].append(number)


def _fits(document: Document, where: Where) -> bool:
    return (
        (not where.types or document.type in where.types)
        and (where.not_thread is None or document.thread != where.not_thread)
        and (where.since is None or document.at >= where.since)
        and (where.until is None or document.at < where.until)
        and (document.current or not where.current)
    )
