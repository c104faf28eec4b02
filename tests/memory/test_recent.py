"""What memory brings to a turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.episodic import EpisodicStore
from metahuman.memory.recent import CUT, LOOK_BACK, RECENT, recent


def stored(folder: Path, *memories: dict[str, Any]) -> EpisodicStore:
    store = EpisodicStore(folder)
    for number, memory in enumerate(memories):
        moment = {"id": f"evt-{number:03}", "timestamp": f"2026-05-17T12:00:00.{number:03}Z"}
        store.save({**moment, "type": "conversation", "content": f"memory {number}", **memory})
    return store


def ids(store: EpisodicStore, thread: str | None = None) -> list[str]:
    return [evidence["id"] for evidence in recent(store, thread)]


def test_a_conversation_is_told_with_its_answer_and_where_it_is_kept(tmp_path: Path) -> None:
    store = stored(tmp_path, {"content": "I like\n rain", "response": "So do I", "metadata": {"conversationId": "t"}})
    assert recent(store, "other") == [
        {
            "id": "evt-000",
            "timestamp": "2026-05-17T12:00:00.000Z",
            "type": "conversation",
            "text": "they said: I like rain / you answered: So do I",
            "why": "recent",
        }
    ]


def test_the_latest_come_last_and_no_more_than_a_few(tmp_path: Path) -> None:
    store = stored(tmp_path, *({} for _ in range(RECENT + 3)))
    assert ids(store) == [f"evt-{number:03}" for number in range(3, RECENT + 3)]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("conversation", True),
        ("observation", True),
        ("inner_dialogue", False),
        ("dream", False),
        ("reflection", False),
        ("system", False),
        (None, False),
        (["conversation"], False),
    ],
)
def test_only_what_was_said_and_noted_is_told(tmp_path: Path, kind: object, *, told: bool) -> None:
    assert ids(stored(tmp_path, {"type": kind})) == (["evt-000"] if told else [])


def test_a_memory_without_a_type_is_an_observation(tmp_path: Path) -> None:
    EpisodicStore(tmp_path).save({"id": "evt-1", "timestamp": "2025", "content": "met Sarah"})
    (evidence,) = recent(EpisodicStore(tmp_path), None)
    assert (evidence["type"], evidence["text"]) == ("observation", "met Sarah")


def test_what_the_thread_itself_still_shows_is_left_out(tmp_path: Path) -> None:
    store = stored(
        tmp_path, {"metadata": {"conversationId": "mine"}}, {"metadata": {"conversationId": "other"}}, {"metadata": {}}
    )
    assert ids(store, "mine") == ["evt-001", "evt-002"]
    assert ids(store, None) == ["evt-000", "evt-001", "evt-002"]


@pytest.mark.parametrize("odd", [None, 3, "text", [], {"conversationId": 3}, {"conversationId": ["mine"]}])
def test_odd_metadata_and_answers_do_no_harm(tmp_path: Path, odd: object) -> None:
    (evidence,) = recent(stored(tmp_path, {"metadata": odd, "response": odd and [odd], "id": "evt-000"}), "mine")
    assert evidence["text"] == "memory 0"


def test_a_file_broken_by_hand_hides_nothing_but_itself(tmp_path: Path) -> None:
    store = stored(tmp_path, {}, {}, {})
    (tmp_path / "2026" / "evt-001.json").write_text('{"id": "evt-001", "content": "mem')
    assert ids(store) == ["evt-000", "evt-002"]


def test_long_memories_are_cut_between_words(tmp_path: Path) -> None:
    store = stored(tmp_path, {"content": "word " * 100}, {"content": "x" * 1000})
    words, letters = (evidence["text"] for evidence in recent(store, None))
    assert words == "word " * (CUT // 5) + "…"
    assert letters == "x" * CUT + " …"


def test_it_looks_back_only_so_far(tmp_path: Path) -> None:
    store = stored(tmp_path, {}, *({"type": "dream"} for _ in range(LOOK_BACK)))
    assert ids(store) == []


def test_an_emoji_cut_in_half_is_told_as_text_that_a_model_takes(tmp_path: Path) -> None:
    stored(tmp_path, {})
    (tmp_path / "2026" / "evt-000.json").write_text(r'{"timestamp": "2026", "content": "so glad \ud83d"}')
    (evidence,) = recent(EpisodicStore(tmp_path), None)
    assert evidence["text"].encode() == "so glad \ufffd".encode()
