"""The index in a real PostgreSQL: what is found, what is counted, and what stays of what was removed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

import pytest

from metahuman.memory.index import Document, MemoryIndex, Stamp, Where
from metahuman.memory.postgres.address import address_of
from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.index import PostgresIndex
from tests.servers.postgres import postgres_server

pytestmark = pytest.mark.slow


@pytest.fixture
def index(database: Database) -> PostgresIndex:
    return PostgresIndex(database)


def document(name: str, words: str, at: float = 0, **fields: object) -> Document:
    known = {"path": f"2026/{name}.json", "stamp": Stamp(1, 2), "type": "conversation", "thread": "", "speaker": ""}
    return Document(**{**known, "id": name, "at": at, "current": True, "words": words, "told": "", **fields})  # type: ignore[arg-type]


def names(found: Sequence[object]) -> list[str]:
    return [candidate.document.id for candidate in found]  # type: ignore[attr-defined]


def test_it_is_an_index(index: PostgresIndex) -> None:
    as_protocol: MemoryIndex = index
    assert as_protocol.count() == 0
    assert as_protocol.search(["nothing"], Where(), 5) == []


def test_a_document_comes_back_as_it_was(index: PostgresIndex) -> None:
    one = document("a", "tea with anna", 1.5, thread="main", speaker="Anna", told="anna tea", stamp=Stamp(2**60, 3))
    index.put([one])
    assert index.find(["a", "b"])["a"].document == one
    assert list(index.find(["a", "b"])) == ["a"]
    assert list(index.stamps()) == [("a", "2026/a.json", Stamp(2**60, 3))]


def test_rare_stems_count_more_and_names_count_too(index: PostgresIndex) -> None:
    index.put(document(f"tea{n}", f"tea cup{n}", n) for n in range(20))
    index.put(
        [document("rare", "giraffe one two"), document("both", "tea giraffe"), document("told", "", told="giraffe x")]
    )
    assert names(index.search(["tea", "giraffe"], Where(), 4)) == ["both", "told", "rare", "tea19"]
    assert index.frequencies(["tea", "giraffe", "nowhere"]) == {"tea": 21, "giraffe": 3}


def test_a_document_takes_the_place_of_its_former_self(index: PostgresIndex) -> None:
    index.put([document("a", "one two"), document("b", "two"), document("a", "two three", current=False)])
    index.put([document("a", "three", current=False)])
    assert index.count() == 2
    assert index.frequencies(["one", "two", "three"]) == {"two": 1, "three": 1}
    assert names(index.search(["three"], Where(), 5)) == []
    assert names(index.search(["three"], Where(current=False), 5)) == ["a"]


def test_all_or_none_are_put(index: PostgresIndex) -> None:
    def interrupted() -> Iterator[Document]:
        yield document("a", "one")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.put(interrupted())
    assert (index.count(), dict(index.frequencies(["one"]))) == (0, {})


def test_only_what_was_asked_for_is_found(index: PostgresIndex) -> None:
    index.put(
        [
            document("old", "tea", 100),
            document("mine", "tea", 200, thread="main"),
            document("dream", "tea", 300, type="dream"),
            document("gone", "tea", 400, current=False),
        ]
    )
    asked = {
        "since": (Where(since=200), ["dream", "mine"]),
        "until": (Where(until=200), ["old"]),
        "types": (Where(types=["dream", "fact"]), ["dream"]),
        "not_thread": (Where(not_thread="main"), ["dream", "old"]),
        "current": (Where(current=False), ["gone", "dream", "mine", "old"]),
    }
    assert {key: names(index.search(["tea"], where, 9)) for key, (where, _) in asked.items()} == {
        key: expected for key, (_, expected) in asked.items()
    }
    assert {key: names(index.latest(where, 9)) for key, (where, _) in asked.items()} == {
        key: expected for key, (_, expected) in asked.items()
    }
    assert names(index.latest(Where(), 1)) == ["dream"]


def test_neighbours_are_those_said_before_and_after_in_the_thread(index: PostgresIndex) -> None:
    index.put(document(f"t{n}", "x", n // 2, thread="main") for n in range(6))
    index.put([document("other", "x", 1, thread="other"), document("alone", "x", 1), document("alone too", "x", 1)])
    number = {name: candidate.number for name, candidate in index.find(["t0", "t3", "alone", "other"]).items()}
    near = index.around([*number.values(), 10**9], 2)
    assert {name: names(near[of]) for name, of in number.items()} == {
        "t0": ["t0", "t1", "t2"],
        "t3": ["t1", "t2", "t3", "t4", "t5"],
        "alone": ["alone"],
        "other": ["other"],
    }
    assert 10**9 not in near


@pytest.mark.parametrize(
    "stem", ["'", "\\", "a'b\\", "& |", "!x", "x:*", "\u0294", "e5", "\0", "\ud800", "x" * 5_000, "日本"]
)
def test_any_stem_can_be_kept_and_asked_for(index: PostgresIndex, stem: str) -> None:
    index.put([document("odd", f"{stem} plain", thread=stem), document("other", "plain")])
    wanted = stem.split()
    assert set(index.frequencies(wanted)) == set(wanted)
    assert names(index.search([*wanted, "nowhere"], Where(), 5)) == ["odd"]


def test_an_enormous_memory_is_kept(index: PostgresIndex) -> None:
    index.put([document("big", " ".join(f"w{n:050}" for n in range(10_000)))])
    assert names(index.search([f"w{7:050}"], Where(), 5)) == ["big"]


def test_common_stems_find_the_latest_and_rank_the_others(index: PostgresIndex) -> None:
    rng, vocabulary = random.Random(7), [f"w{n}" for n in range(3_000)]
    weights = [1 / (n + 2) for n in range(3_000)]
    texts = [rng.choices(vocabulary, weights, k=rng.randint(4, 30)) for _ in range(1_800)]
    index.put(document(f"d{n}", " ".join(text), n) for n, text in enumerate(texts))
    assert index.frequencies(["w0"])["w0"] > 1_000
    newest = names(index.search(["w0"], Where(), 20))
    assert len(newest) == 20
    assert all("w0" in texts[int(name[1:])] for name in newest)
    share = [len(set(names(index.search(asked, Where(), 60))) & _best(asked, texts, 10)) / 10 for asked in texts[::300]]
    assert sum(share) / len(share) > 0.9


def test_a_message_of_any_length_can_be_asked_for(index: PostgresIndex) -> None:
    index.put([document("a", "needle"), *(document(f"d{n}", f"w{n} w{n + 1}") for n in range(500))])
    found = names(index.search([*(f"w{n}" for n in range(500)), "needle"], Where(), 100))
    assert len(found) > 30
    assert "a" in found


def _best(asked: Sequence[str], texts: Sequence[Sequence[str]], limit: int) -> set[str]:
    """Return the names of the best documents when every one is looked at, by BM25 with each stem counted once."""
    within = {stem: sum(stem in text for text in texts) for stem in set(asked)}
    weight = {stem: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for stem, n in within.items()}
    average = sum(len(set(text)) for text in texts) / len(texts)
    score = {
        f"d{n}": sum(weight[stem] for stem in weight.keys() & set(text))
        / (1 + 1.2 * (0.6 + 0.4 * len(set(text)) / average))
        for n, text in enumerate(texts)
    }
    return set(sorted(score, key=score.__getitem__, reverse=True)[:limit])


def test_nothing_of_what_was_removed_is_found(index: PostgresIndex, database: Database) -> None:
    index.put([document("a", "secretword shared"), document("b", "shared")])
    index.remove(["a", "never there"])
    assert (index.count(), dict(index.frequencies(["secretword", "shared"]))) == (1, {"shared": 1})
    assert index.search(["secretword"], Where(), 5) == []
    with database.connection() as connection:
        connection.execute("ANALYZE")
        kept = connection.execute(
            "SELECT count(*) FROM pg_stats WHERE most_common_vals::text ~ 'secretword'"
        ).fetchone()
        assert kept == (0,)


def test_scrubbing_leaves_no_trace_in_the_files(index: PostgresIndex, database: Database) -> None:
    index.put([document("a", "unforgettable shared"), document("b", "shared")])
    folder = postgres_server().data / "base"
    index.remove(["a"])
    database.scrub()
    assert [path for path in folder.rglob("*") if path.is_file() and b"unforgettable" in path.read_bytes()] == []


def test_homes_do_not_see_each_other(index: PostgresIndex, url: str) -> None:
    index.put([document("a", "mine")])
    other = Database(address_of(url), "another")
    assert PostgresIndex(other).count() == 0
    assert PostgresIndex(other).search(["mine"], Where(), 5) == []
    assert PostgresIndex(other).find(["a"]) == {}
    other.close()
