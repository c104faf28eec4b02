"""How well recall finds what answers a question, on public sets and without a model; and how long it takes.

    python benchmarks/memory_recall.py --data DIR [--sensitivity] [--unseen] [--latency SIZES...] [--meaning E5_FILE]

First come the tables of every set, over the SQLite index that the product uses; at the end, what matters in short.

DIR holds the sets: `locomo` (CC BY-NC: measured only, nothing that ships is fitted to it), `bfcl_v4` and
`persona_synthetic_chat`. Every turn is a memory of its own. R@k is the mean share of a question's evidence among the
first k memories, hit@k the share of questions with any of it there.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.memory_bm25 import plain
from benchmarks.memory_latency import latency
from benchmarks.memory_mem0 import Mem0, mem0_missing
from benchmarks.memory_sets import Life, Question, bfcl, locomo, persona_chats
from metahuman.memory.index import Candidate, MemoryIndex, Where
from metahuman.memory.recall.meaning import Vectors
from metahuman.memory.recall.ranking import Constants
from metahuman.memory.recall.recaller import Recaller, Wanted
from metahuman.memory.recall.vectors import SqliteVectors
from metahuman.memory.store.sqlite_index import SqliteIndex
from metahuman.models.encoding.encoder import Encoder
from metahuman.state.files import write_json
from tests.memory_index import InMemoryIndex

SETS: dict[str, Callable[[Path], list[Life]]] = {
    "locomo": locomo,
    "bfcl_v4": bfcl,
    "persona_synthetic_chat": persona_chats,
}
CUTS = (5, 10)
#: What the constants are chosen from when one conversation is left out: half, as it is, and double.
TRIED = ("before", "after", "told", "speaker", "reply", "question", "k1", "b")

#: Returns the ids of a life's memories, best first, for a question.
Find = Callable[[Question], Sequence[str]]


class Found(NamedTuple):
    """How much of a question's evidence was found, by cut, and what kind of question it was."""

    kind: str
    recall: dict[int, float]


class Remembering:
    """An index that keeps what it answered: constants of the ranking change none of it."""

    def __init__(self, index: MemoryIndex) -> None:
        self._index = index
        self._kept: dict[Any, Any] = {}

    def count(self) -> int:
        """Return how many documents there are."""
        return self._of("count", index=self._index.count)

    def frequencies(self, stems: Sequence[str]) -> dict[str, int]:
        """Return in how many documents stems stand."""
        return self._of("frequencies", tuple(stems), index=self._index.frequencies)

    def search(self, stems: Sequence[str], where: Where, limit: int) -> list[Candidate]:
        """Return the documents that hold most of the stems."""
        key = replace(where, types=tuple(where.types))
        return list(self._of("search", tuple(stems), key, limit, index=self._index.search))

    def around(self, numbers: Sequence[int], reach: int) -> dict[int, list[Candidate]]:
        """Return documents' neighbours."""
        return self._of("around", tuple(numbers), reach, index=self._index.around)

    def find(self, ids: Sequence[str]) -> dict[str, Candidate]:
        """Return documents by their ids."""
        return self._index.find(ids)

    def _of(self, name: str, *asked: Any, index: Callable[..., Any]) -> Any:
        if (name, *asked) not in self._kept:
            self._kept[name, *asked] = index(*asked)
        return self._kept[name, *asked]


class Embedder:
    """The embedded model as `Meaning`."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def vectors(self, texts: Sequence[str], *, asking: bool) -> Vectors:
        """Return a vector for each text."""
        return self._encoder.encode(texts, "query" if asking else "passage")


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--exact", action="store_true", help="search exactly, in memory, instead of in SQLite")
    parser.add_argument("--sensitivity", action="store_true", help="halve and double each constant")
    parser.add_argument("--unseen", action="store_true", help="choose constants on all conversations but one")
    parser.add_argument("--latency", type=int, nargs="*", default=[10_000, 100_000], metavar="SIZE")
    parser.add_argument("--meaning", type=Path, help="the embedded encoder's file, for a row with it")
    parser.add_argument("--json", type=Path, help="write what matters there too")
    chosen = parser.parse_args()
    sets = {name: read(chosen.data / name) for name, read in SETS.items() if (chosen.data / name).is_dir()}
    with tempfile.TemporaryDirectory() as folder:
        indexes = {name: [_indexed(Path(folder), life, chosen.exact) for life in lives] for name, lives in sets.items()}
        rows = _compare(sets, indexes, Path(folder), chosen.meaning)
        if chosen.sensitivity:
            _sensitivity(sets, indexes)
        if chosen.unseen:
            _unseen(sets["locomo"], indexes["locomo"])
        figures: dict[str, Any] = {"found": _in_short(rows)}
        figures["latency"] = {str(size): latency(Path(folder), sets["locomo"], size) for size in chosen.latency}
    if chosen.json:
        write_json(chosen.json, figures)


def _indexed(folder: Path, life: Life, exact: bool) -> Any:
    index = InMemoryIndex() if exact else SqliteIndex(folder / f"{life.name}.sqlite")
    index.put(turn.document for turn in life.turns)
    return Remembering(index)


def _compare(
    sets: dict[str, list[Life]], indexes: dict[str, list[Any]], folder: Path, encoder: Path | None
) -> dict[tuple[str, str], list[Found]]:
    """Print the rows of every set; return what each row found, by set and row."""
    rows: dict[tuple[str, str], list[Found]] = {}
    embedder = Embedder(Encoder(encoder)) if encoder else None
    if missing := mem0_missing(encoder):
        print(f"mem0 is left out: {missing}")
    for name, lives in sets.items():
        asked = sum(len(life.questions) for life in lives)
        print(f"\n## {name}: {sum(len(life.turns) for life in lives)} memories, {asked} questions")
        pairs = list(zip(lives, indexes[name], strict=True))
        found = {
            "BM25": [_measure(life, plain(life, context=False)) for life in lives],
            "BM25, turn before and date": [_measure(life, plain(life, context=True)) for life in lives],
            "recall": [_measure(life, _ours(life, Recaller(index))) for life, index in pairs],
        }
        if embedder:
            found["recall, with meaning"] = [_with_meaning(folder, life, index, embedder) for life, index in pairs]
        if embedder and not missing:
            found["mem0"] = [_measure(life, Mem0(folder, life, embedder, max(CUTS)).find) for life in lives]
        for row, measured in found.items():
            _row(row, measured)
            rows[name, row] = [one for each in measured for one in each]
    return rows


def _in_short(rows: dict[tuple[str, str], list[Found]]) -> dict[str, dict[str, str]]:
    """Print and return what recall has to show, beside plain BM25."""
    short = dict[str, dict[str, str]]()
    print("\n## In short")
    for name, cut in (("locomo", "R"), ("bfcl_v4", "hit")):
        ours, plain = rows.get((name, "recall"), []), rows.get((name, "BM25"), [])
        for kind in ("", *sorted({one.kind for one in ours})) if ours else ():
            of_kind, of_plain = ([one for one in found if kind in ("", one.kind)] for found in (ours, plain))
            told = {"recall": _means(of_kind, any_=cut == "hit"), "BM25": _means(of_plain, any_=cut == "hit")}
            short[f"{name} {kind or 'all'} {cut}@5/{cut}@10"] = told
            print(f"{name:8} {kind or 'all':12} {cut}@5/{cut}@10 {told['recall']}   BM25 {told['BM25']}")
    return short


def _with_meaning(folder: Path, life: Life, index: Any, embedder: Embedder) -> list[Found]:
    with closing(_embedded(folder / f"{life.name}.vectors.sqlite", life, embedder)) as vectors:
        return _measure(life, _ours(life, Recaller(index, embedder, vectors)))


def _embedded(path: Path, life: Life, embedder: Embedder) -> SqliteVectors:
    store = SqliteVectors(path)
    made = embedder.vectors([turn.text for turn in life.turns], asking=False)
    store.put({turn.document.id: vector for turn, vector in zip(life.turns, made, strict=True)})
    return store


def _measure(life: Life, find: Find) -> list[Found]:
    results = []
    for question in life.questions:
        ids = find(question)
        recall = {cut: len(question.evidence & set(ids[:cut])) / len(question.evidence) for cut in CUTS}
        results.append(Found(question.kind, recall))
    return results


def _row(name: str, lives: list[list[Found]]) -> None:
    every = [one for found in lives for one in found]
    kinds = sorted({one.kind for one in every})
    print(f"{name:28} R {_means(every)}  hit {_means(every, any_=True)}", flush=True)
    print(" " * 29 + "  ".join(f"{kind} {_means([one for one in every if one.kind == kind])}" for kind in kinds))
    if len(lives) > 1:
        print(" " * 29 + "each: " + "  ".join(_means(found) for found in lives))


def _means(found: Sequence[Found], *, any_: bool = False) -> str:
    values = [[math.ceil(one.recall[cut]) if any_ else one.recall[cut] for one in found] for cut in CUTS]
    return "/".join(f"{statistics.fmean(each):.3f}" if each else "-" for each in values)


def _ours(life: Life, recaller: Recaller) -> Find:
    return lambda question: [hit.document.id for hit in recaller.find(Wanted(question.text, life.now, limit=max(CUTS)))]


def _variants() -> list[tuple[str, Constants]]:
    """Return the constants with each of them halved and doubled."""
    usual = Constants()
    found = [("as they are", usual)]
    for one in fields(Constants):
        value = getattr(usual, one.name)
        for times, word in ((0.5, "half"), (2.0, "double")):
            changed = tuple(times * each for each in value) if isinstance(value, tuple) else times * value
            found.append((f"{one.name} {word}", replace(usual, **{one.name: changed})))
    return found


def _sensitivity(sets: dict[str, list[Life]], indexes: dict[str, list[Any]]) -> None:
    print("\n## Each constant halved and doubled: R@5/R@10")
    for label, constants in _variants():
        cells = []
        for name, lives in sets.items():
            pairs = zip(lives, indexes[name], strict=True)
            found = [_measure(life, _ours(life, Recaller(index, constants=constants))) for life, index in pairs]
            cells.append(f"{name} {_means([one for each in found for one in each])}")
        print(f"{label:20} {'   '.join(cells)}", flush=True)


def _unseen(lives: list[Life], indexes: list[Any]) -> None:
    """Choose each of the constants on all conversations but one, and measure them on that one."""
    tried = [(name, one) for name, one in _variants() if name.split()[0] in (*TRIED, "as")]
    scores: dict[str, list[list[Found]]] = defaultdict(list)
    for label, constants in tried:
        recallers = [Recaller(index, constants=constants) for index in indexes]
        scores[label] = [_measure(life, _ours(life, one)) for life, one in zip(lives, recallers, strict=True)]
    print("\n## The best variant of all conversations but one, on that one: R@5/R@10")
    chosen: list[Found] = []
    for left, life in enumerate(lives):
        best = max(scores, key=lambda label: _mean_without(scores[label], left))
        chosen += scores[best][left]
        print(
            f"{life.name:20} {best:20} {_means(scores[best][left])}   as shipped {_means(scores['as they are'][left])}"
        )
    print(f"{'together':41} {_means(chosen)}")


def _mean_without(found: list[list[Found]], left: int) -> float:
    rest = [one for place, each in enumerate(found) if place != left for one in each]
    return statistics.fmean(one.recall[CUTS[0]] + one.recall[CUTS[1]] for one in rest)


if __name__ == "__main__":
    main()
