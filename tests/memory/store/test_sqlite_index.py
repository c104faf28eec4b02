"""The SQLite index: it finds what holds the rare words, and nothing stays in it of what is removed."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.index import Document, MemoryIndex, Stamp, Where
from metahuman.memory.store import sqlite_search
from metahuman.memory.store.sqlite_index import SqliteIndex


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with contextlib.closing(SqliteIndex(tmp_path / "memory.sqlite")) as opened:
        yield opened


def document(name: str, words: str, at: float = 0.0, **more: Any) -> Document:
    fields = {
        "path": f"2026/{name}.json", "stamp": Stamp(1, 2), "type": "conversation", "thread": "main", "speaker": "",
        "current": True, "told": "",
    }  # fmt: skip
    return Document(id=name, words=words, at=at, **(fields | more))


def ids(index: SqliteIndex, *stems: str, limit: int = 10, **where: Any) -> list[str]:
    return [one.document.id for one in index.search(stems, Where(**where), limit)]


def many(count: int, words: str = "common", **more: Any) -> list[Document]:
    return [document(f"e{number}", words, float(number), **more) for number in range(count)]


def test_it_is_what_recall_asks_for(index: SqliteIndex) -> None:
    kept: MemoryIndex = index
    assert (kept.count(), kept.search(["rain"], Where(), 5), kept.latest(Where(), 5), kept.find(["x"])) == (
        0,
        [],
        [],
        {},
    )
    assert kept.around([1], 2) == {}


def test_a_document_comes_back_as_it_was_put_in(index: SqliteIndex) -> None:
    odd = document("e1", 'don\'t 12.5 "x" été 雨だ*', 1.5, path="2025/11/04/other *.json", told="a:b (c) -d")
    plain = document("e2", "rain", speaker="Anna", thread="", current=False)
    index.put([odd, plain])
    assert {name: one.document for name, one in index.find(["e1", "e2", "e3"]).items()} == {"e1": odd, "e2": plain}
    assert list(index.stamps()) == [("e1", odd.path, Stamp(1, 2)), ("e2", plain.path, Stamp(1, 2))]
    for stem in [*odd.words.split(), *odd.told.split()]:
        assert ids(index, stem) == ["e1"]
    assert index.ids_at([odd.path, plain.path, "2026/e1.json", "2026/no.json"]) == ["e1", "e2"]


def test_what_holds_more_and_rarer_stems_comes_first(index: SqliteIndex) -> None:
    index.put(
        [document("a", "rain sun"), document("b", "rain"), document("c", "sun moon"), document("d", "rain stars")]
    )
    assert ids(index, "rain", "sun", "nowhere") == ["a", "c", "b", "d"]
    assert ids(index, "moon", "rain")[0] == "c"
    assert ids(index, "nowhere") == []
    assert ids(index) == []


def test_a_document_is_replaced_where_it_stands(index: SqliteIndex) -> None:
    index.put([document("a", "rain"), document("b", "sun")])
    before = index.find(["a"])["a"].number
    index.put([document("a", "snow", at=3), document("a", "hail", at=4)])
    assert index.find(["a"])["a"] == (before, document("a", "hail", at=4))
    assert (ids(index, "rain"), ids(index, "snow"), ids(index, "hail"), index.count()) == ([], [], ["a"], 2)
    assert index.frequencies(["rain", "snow", "hail", "sun"]) == {"hail": 1, "sun": 1}
    assert index.faults() == []


def test_all_of_them_are_put_in_or_none(index: SqliteIndex) -> None:
    def documents() -> Iterator[Document]:
        yield from many(1200)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.put(documents())
    assert index.count() == 0


def test_nothing_stays_of_what_is_removed_or_replaced(tmp_path: Path, index: SqliteIndex) -> None:
    index.put([*many(300, "rain"), document("s", "xylophone quartz", thread="secret"), document("r", "zanzibar yes")])
    index.put([document("r", "no")])
    index.remove(["s", "not there"])
    data = b"".join(path.read_bytes() for path in tmp_path.glob("memory*"))
    assert [word for word in (b"ylophone", b"uartz", b"anzibar", b"ecret") if word in data] == []
    assert (index.count(), index.faults(), index.frequencies(["quartz", "rain"])) == (301, [], {"rain": 300})


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (Where(), "dcb"),
        (Where(current=False), "edcb"),
        (Where(types=["conversation", "fact"]), "cb"),
        (Where(types=["nothing"]), ""),
        (Where(not_thread="main"), "dc"),
        (Where(not_thread="nowhere"), "dcb"),
        (Where(since=2, until=4), "dc"),
        (Where(since=float("-inf"), until=float("inf")), "dcb"),
    ],
)
def test_only_what_meets_the_conditions_is_found(index: SqliteIndex, where: Where, found: str) -> None:
    index.put(
        [
            document("b", "rain", 1),
            document("c", "rain", 2, type="fact", thread="other"),
            document("d", "rain", 3, type="dream", thread=""),
            document("e", "rain", 4, current=False),
        ]
    )
    assert "".join(one.document.id for one in index.latest(where, 9)) == found
    assert sorted(one.document.id for one in index.search(["rain"], where, 9)) == sorted(found)
    assert "".join(one.document.id for one in index.latest(where, 2)) == found[:2]


def test_neighbours_are_those_of_the_thread_in_the_order_of_time(index: SqliteIndex) -> None:
    index.put([document(name, "x", at) for name, at in [("c", 3), ("a", 1), ("b1", 2), ("b2", 2)]])
    index.put([document("other", "x", 2, thread="t"), document("alone", "x", 2, thread="")])
    number = {name: one.number for name, one in index.find(["a", "b1", "b2", "c", "other", "alone"]).items()}
    around = index.around([number["b1"], number["other"], number["alone"], 999], 1)
    told = {asked: [one.document.id for one in near] for asked, near in around.items()}
    assert told == {number["b1"]: ["a", "b1", "b2"], number["other"]: ["other"], number["alone"]: ["alone"]}
    assert [one.document.id for one in index.around([number["c"]], 3)[number["c"]]] == ["a", "b1", "b2", "c"]


def test_common_stems_are_not_looked_for_and_still_rank(index: SqliteIndex) -> None:
    count = sqlite_search.BROUGHT + 500
    index.put([*many(count, "common"), document("rare", "rare other", -1), document("both", "rare common", -2)])
    assert ids(index, "common", "rare") == ["both", "rare"]


def test_stems_that_are_all_common_are_looked_for_in_pairs(index: SqliteIndex) -> None:
    count = sqlite_search.BROUGHT + 500
    together = document("together", "left right", -1)
    index.put([together, *many(count, "left"), *(document(f"r{n}", "right", n) for n in range(count))])
    assert ids(index, "left", "right", limit=1) == ["together"]
    assert len(ids(index, "left", limit=10)) == 10


def test_a_stretch_of_time_is_searched_though_its_words_are_common(index: SqliteIndex) -> None:
    index.put(many(2 * sqlite_search.BROUGHT))
    assert set(ids(index, "common", since=5, until=8)) == {"e5", "e6", "e7"}
    assert len(ids(index, "common", until=sqlite_search.FEW + 500)) == 10


def test_a_few_of_a_kind_are_found_by_words_that_are_common_elsewhere(index: SqliteIndex) -> None:
    facts = [document(f"f{number}", "common" if number < 20 else "other", -1.0, type="fact") for number in range(30)]
    index.put([*facts, *many(sqlite_search.BROUGHT_IN_TIME + 100)])
    assert set(ids(index, "common", types=["fact"], limit=50)) == {f"f{number}" for number in range(20)}
    assert ids(index, "other", "common", types=["fact"], limit=1)[0] in {f"f{number}" for number in range(20, 30)}
    assert len(ids(index, "common", types=["fact", "conversation"], limit=50)) == 50


def test_the_best_of_few_are_found_though_more_hold_a_word_than_are_asked_for(index: SqliteIndex) -> None:
    index.put([document("best", "rain sun", -5.0), *many(sqlite_search.FEW // 2, "rain")])
    assert ids(index, "rain", "sun", types=["conversation"], limit=3)[0] == "best"
    assert ids(index, "rain", "sun", until=100.0, limit=3)[0] == "best"


def test_documents_are_counted_as_they_come_and_go(index: SqliteIndex) -> None:
    index.put([*many(5), document("empty", "")])
    index.put([document("e1", "other")])
    index.remove(["e2", "nowhere"])
    assert (index.count(), index.faults()) == (5, [])


def test_it_finds_what_an_exact_search_finds(index: SqliteIndex) -> None:
    drawn = random.Random(7)
    words = [f"w{number}" for number in range(400)]
    texts = {f"e{n}": " ".join(drawn.choices(words, range(400, 0, -1), k=8)) for n in range(500)}
    index.put(document(name, text) for name, text in texts.items())
    for _ in range(20):
        asked = set(drawn.sample(words[50:], 3))
        holding = {name for name, text in texts.items() if asked & set(text.split())}
        assert set(ids(index, *asked, limit=500)) == holding


def test_an_index_becomes_a_copy_of_another_while_it_is_read(tmp_path: Path, index: SqliteIndex) -> None:
    index.put(many(5, "before"))
    with (
        contextlib.closing(SqliteIndex(tmp_path / "other.sqlite")) as other,
        contextlib.closing(SqliteIndex(tmp_path / "memory.sqlite")) as reader,
    ):
        other.put(many(3, "after"))
        other.mark_filled()
        assert len(ids(reader, "before")) == 5
        index.take_over(other)
        assert (ids(reader, "before"), len(ids(reader, "after")), reader.filled) == ([], 3, True)
        index.put(many(9, "later"))
        assert len(ids(reader, "later")) == 9


def test_what_is_intended_is_cleared_by_what_is_done(index: SqliteIndex) -> None:
    index.intend([("a", "2026/a.json"), ("b", "2026/b.json"), ("c", "2026/c.json")])
    index.put([document("a", "rain")])
    index.remove(["b"])
    assert index.intents() == [("c", "2026/c.json")]
    index.settled(["c"])
    assert index.intents() == []


def test_faults_are_found(tmp_path: Path, index: SqliteIndex) -> None:
    index.put(many(5, "rain"))
    assert (index.faults(), index.filled) == ([], False)
    with contextlib.closing(sqlite3.connect(tmp_path / "memory.sqlite")) as other:
        other.executescript("UPDATE stems SET documents = 9; UPDATE texts SET words = 'sun' WHERE number = 2")
    assert index.faults() == ["the terms are not those of the texts", "the counts of 2 stems are wrong"]
