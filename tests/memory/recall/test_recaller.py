"""What memory brings to a message, over an index in memory and over SQLite's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from metahuman.memory.index import Document, MemoryIndex, Stamp
from metahuman.memory.recall.meaning import Vectors
from metahuman.memory.recall.recaller import Hit, Recaller, Wanted
from metahuman.memory.recall.vectors import SqliteVectors
from metahuman.memory.recall.words import stems
from metahuman.memory.store.sqlite_index import SqliteIndex
from metahuman.state.memories import memory_id
from tests.memory_index import InMemoryIndex

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def said(
    text: str,
    *,
    id: str = "",  # noqa: A002
    at: datetime = NOW - 40 * DAY,
    type: str = "conversation",  # noqa: A002
    thread: str = "",
    speaker: str = "",
    current: bool = True,
) -> Document:
    words, told = " ".join(stems(text)), " ".join(stems(speaker))
    return Document(id or text, "", Stamp(0, 0), at.timestamp(), type, thread, speaker, current, words, told)


#: Enough else for rare words to be rare.
REST = [said(f"on day {number} we talked about the weather and work", at=NOW - number * DAY) for number in range(60)]


@pytest.fixture(params=["memory", "sqlite"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryIndex:
    return InMemoryIndex() if request.param == "memory" else SqliteIndex(tmp_path / "memory.sqlite")


def found(index: MemoryIndex, text: str, **wanted: object) -> list[Hit]:
    return Recaller(index).find(Wanted(text, NOW, **wanted))  # type: ignore[arg-type]


def ids(index: MemoryIndex, text: str, **wanted: object) -> list[str]:
    return [hit.document.id for hit in found(index, text, **wanted)]


def test_a_memory_is_found_by_its_words_in_other_forms(index: MemoryIndex) -> None:
    index.put([*REST, said("I am researching adoption agencies", id="a"), said("the agency called", id="b")])
    best, *_ = found(index, "What did I research about an adoption agency?")
    assert (best.document.id, best.why) == ("a", "words: research, adoption, agency")


def test_a_reply_is_found_by_what_it_replies_to(index: MemoryIndex) -> None:
    chat = ["Which instrument do you play?", "Clarinet, since I was young.", "Nice.", "Bye then."]
    index.put([*REST, *(said(text, at=NOW - DAY + timedelta(minutes=n), thread="t") for n, text in enumerate(chat))])
    hits = {hit.document.id: hit.why for hit in found(index, "what instrument do I play", limit=2)}
    assert hits == {chat[0]: "words: instrument, play", chat[1]: "said near: instrument, play"}


def test_neighbours_are_those_of_the_thread(index: MemoryIndex) -> None:
    index.put([*REST, said("Which instrument?", at=NOW - DAY, thread="t"), said("Bye", at=NOW - DAY, thread="u")])
    assert "Bye" not in ids(index, "what instrument")


def test_who_is_named_is_preferred(index: MemoryIndex) -> None:
    index.put([*REST, said("I play chess a lot", id="a", speaker="Anna"), said("I play chess a lot too", id="b")])
    assert ids(index, "Does Anna play chess?")[0] == "a"


def test_a_time_is_a_preference(index: MemoryIndex) -> None:
    index.put(REST)
    index.put([said("we went camping at the lake then", id="old", at=datetime(2023, 5, 9, tzinfo=UTC))])
    index.put([said("we went camping at the lake again", id="new", at=datetime(2025, 8, 2, tzinfo=UTC))])
    assert ids(index, "Where did we go camping?")[0] == "new"
    hits = found(index, "Where did we go camping in May 2023?")
    assert [hit.document.id for hit in hits[:2]] == ["old", "new"]
    assert hits[0].why == "words: camping; May 2023"


def test_a_question_about_a_time_alone_brings_that_time(index: MemoryIndex) -> None:
    monday = datetime(2026, 11, 16, 9, tzinfo=UTC)
    index.put(
        said(f"thing number {n} was done by {n}", id=str(n), at=monday + n * timedelta(hours=6)) for n in range(8)
    )
    assert ids(index, "What did I do last Tuesday?") == ["3", "4", "5", "6"]
    assert ids(index, "What did I do last Tuesday?", limit=2) == ["3", "5"]
    assert ids(index, "What did I do in 2019?") == []


@pytest.mark.parametrize("text", ["", "   ", "?", "who are you", "…", "zzz unheard of"])
def test_nothing_fits_nothing(index: MemoryIndex, text: str) -> None:
    index.put([said("who are you, you are who"), said("it was heard")])
    assert ids(index, text) == []


def test_an_empty_index_has_nothing(index: MemoryIndex) -> None:
    assert ids(index, "adoption") == []
    assert ids(index, "yesterday") == []


def test_what_no_longer_holds_is_told_only_as_past(index: MemoryIndex) -> None:
    index.put([*REST, said("I live in Lisbon", id="new"), said("I live in Berlin", id="old", current=False)])
    assert ids(index, "Which city do I live in?") == ["new"]
    assert set(ids(index, "Which city did I use to live in? I used to live elsewhere")) == {"new", "old"}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("the lighthouse", {"conversation"}),
        ("What did you dream about the lighthouse?", {"conversation", "dream"}),
        ("any dreams with a lighthouse last night", {"conversation", "dream"}),
        ("hast du vom Leuchtturm geträumt? lighthouse", {"conversation", "dream"}),
        ("my dream job at the lighthouse", {"conversation"}),
        ("reflect on the lighthouse", {"conversation", "reflection"}),
    ],
)
def test_inner_life_is_told_when_it_is_asked_for(index: MemoryIndex, text: str, kinds: set[str]) -> None:
    index.put([*REST, *(said(f"the lighthouse of a {kind}", id=kind, type=kind) for kind in
                        ("conversation", "dream", "reflection", "inner_dialogue"))])  # fmt: skip
    assert set(ids(index, text)) == kinds
    assert ids(index, text, types=["dream"]) == ["dream"]


def test_what_the_thread_still_shows_is_left_out(index: MemoryIndex) -> None:
    index.put([*REST, *(said(f"the lighthouse {n} of {n}", id=memory_id("", n), thread="t") for n in ("1", "2", "3"))])
    every = {memory_id("", n) for n in ("1", "2", "3")}
    assert set(ids(index, "lighthouse", thread="t")) == every
    assert set(ids(index, "lighthouse", thread="u", turns=["1"])) == every
    assert set(ids(index, "lighthouse", thread="t", turns=["1", "9"])) == every - {memory_id("", "1")}


def test_bounds_are_kept_by_neighbours_too(index: MemoryIndex) -> None:
    chat = ["the lighthouse", "yes", "no"]
    index.put([*REST, *(said(text, at=NOW - (9 - n) * DAY, thread="t") for n, text in enumerate(chat))])
    assert ids(index, "lighthouse", until=NOW - 7 * DAY) == ["the lighthouse", "yes"]
    assert ids(index, "lighthouse", since=NOW - 8.5 * DAY) == []


def test_a_short_message_is_explained_by_the_turns_before(index: MemoryIndex) -> None:
    index.put([*REST, said("Omar's sister studies law in Porto", id="a"), said("my sister came by", id="b")])
    assert ids(index, "and his sister?", earlier=["Have I told you about Omar?", "Yes, he lives in Porto."])[0] == "a"
    assert ids(index, "What about it?", earlier=["Have I told you about Omar?"]) == ["a"]


def test_the_same_is_not_told_twice(index: MemoryIndex) -> None:
    index.put([*REST, said("my rent is due on Friday", id="a"), said("on Friday my rent is due!", id="b")])
    assert len(ids(index, "when is my rent due")) == 1


def test_what_was_shown_a_moment_ago_yields(index: MemoryIndex) -> None:
    index.put([*REST, said("the lighthouse is red", id="a"), said("a lighthouse was tall", id="b")])
    first, second = ids(index, "lighthouse")
    assert ids(index, "lighthouse", shown=[first]) == [second, first]


def test_no_more_than_wanted_come_and_the_best_first(index: MemoryIndex) -> None:
    index.put([*REST, *(said(f"lighthouse {n} x{n} y{n} z{n}") for n in range(30))])
    hits = found(index, "lighthouse", limit=4)
    assert len(hits) == 4
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_long_message_is_searched_by_its_rarest_words_at_either_end(index: MemoryIndex) -> None:
    index.put([*REST, said("the lighthouse", id="a")])
    long = " ".join(f"weather word{n}" for n in range(3000))
    assert ids(index, f"lighthouse {long}")[:1] == ["a"]
    assert ids(index, f"{long} lighthouse")[:1] == ["a"]


class Synonyms:
    """An embedder that knows which words mean the same."""

    def vectors(self, texts: Sequence[str], *, asking: bool) -> Vectors:
        rows = [[1.0, 0.0] if "dog" in text or "puppy" in text else [0.0, 1.0] for text in texts]
        return np.array(rows, np.float32)


def test_an_embedder_finds_what_is_said_in_other_words(index: MemoryIndex, tmp_path: Path) -> None:
    texts = [f"day {n} was fine" for n in range(5)] + ["we got a puppy"]
    index.put(said(text) for text in texts)
    vectors, meaning = SqliteVectors(tmp_path / "vectors.sqlite"), Synonyms()
    vectors.put(dict(zip(texts, meaning.vectors(texts, asking=False), strict=True)))
    best, *_ = Recaller(index, meaning, vectors).find(Wanted("Do I have a dog?", NOW))
    assert (best.document.id, best.why) == ("we got a puppy", "like in meaning")
    assert found(index, "Do I have a dog?") == []
