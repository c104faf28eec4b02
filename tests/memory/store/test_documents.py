"""What the index keeps of a memory, whatever its file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.index import Document, Stamp
from metahuman.memory.recall.words import stems
from metahuman.memory.store.documents import NOISE, document_of, memory_in
from metahuman.state.errors import SettingError
from metahuman.state.memories import Memory
from tests.keepers import a_memory

STAMP = Stamp(7, 8)


def indexed(memory: Memory) -> Document:
    return document_of(memory, "2026/evt-1.json", STAMP)


def joined(text: str) -> str:
    return " ".join(stems(text))


def test_what_was_said_and_answered_is_words_and_the_signs_beside_it_are_told() -> None:
    about = {"conversationId": "main", "speaker": "Anna"}
    memory = a_memory("evt-1", "Rain again", response="Lovely", tags=["weather"], entities=["Oslo"], metadata=about)
    assert indexed(memory) == Document(
        "evt-1", "2026/evt-1.json", STAMP, memory.at.timestamp(), "conversation", "main", "Anna", True,
        joined("Rain again\nLovely"), joined("Anna weather Oslo"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("entity", "name"),
    [
        ("Oslo", "Oslo"),
        ({"name": "Oslo", "type": "place"}, "Oslo"),
        ({"text": "Oslo"}, "Oslo"),
        ({"n": 1}, ""),
        (3, ""),
    ],
)
def test_entities_are_named_however_they_are_kept(entity: object, name: str) -> None:
    assert indexed(a_memory("evt-1", entities=[entity])).told == joined(name)


def test_what_was_replaced_is_not_current() -> None:
    assert not indexed(a_memory("evt-1", metadata={"supersededBy": "evt-2"})).current
    assert not indexed(a_memory("evt-1", metadata={"validUntil": "2026-01-01"})).current


def test_noise_keeps_its_place_in_the_thread_and_nothing_else() -> None:
    document = indexed(a_memory("evt-1", "ok", metadata={"noise": "small talk", "conversationId": "main"}))
    assert (document.type, document.thread, document.words, document.told, document.current) == (
        NOISE, "main", "", "", False,
    )  # fmt: skip


def test_half_an_emoji_does_no_harm() -> None:
    document = indexed(a_memory("evt-1", "glad \ud83d", metadata={"conversationId": "\ud83d"}))
    assert document.words.encode()
    assert document.thread == "\ufffd"


def test_a_file_without_an_id_is_called_as_its_file_and_null_is_as_nothing() -> None:
    value = {"timestamp": "2026-05-17T12:00:00Z", "content": "x", "type": None, "tags": None, "metadata": None}
    memory = memory_in(Path("2026/note.json"), value)
    assert (memory.id, memory.type, memory.tags, memory.metadata.seen) == ("note", "observation", [], 1)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ({}, "timestamp"),
        ({"timestamp": "2026-05-17"}, "content"),
        ({"timestamp": "yesterday", "content": "x"}, "timestamp"),
        ({"timestamp": 3, "content": "x"}, "timestamp"),
        ({"timestamp": "2026-05-17", "content": ["x"]}, "content"),
        ({"timestamp": "2026-05-17", "content": "x", "metadata": 3}, "metadata"),
        ({"timestamp": "2026-05-17", "content": "x", "metadata": {"seen": "often"}}, "metadata.seen"),
    ],
)
def test_what_is_no_memory_is_told_with_its_key(value: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingError, match="mend it, or move the file away") as told:
        memory_in(Path("2026/evt-1.json"), value)
    assert told.value.key == key
    assert "\n" not in str(told.value)


def test_a_memory_is_written_as_it_was_read() -> None:
    value = {
        "id": "evt-1", "timestamp": "2026-05-17T12:00:00Z", "type": "dream", "content": "x", "response": None,
        "tags": [], "entities": [{"a": None}], "links": [], "mine": None, "theirs": {"a": None, "b": [None]},
        "metadata": {
            "processed": True, "curated": False, "trainingConsent": True, "seen": 1, "supersedes": [], "model": None,
            "theirs": None,
        },
    }  # fmt: skip
    assert Memory.model_validate(value).as_json() == value


def test_what_nobody_set_is_left_out_of_the_file() -> None:
    assert {"response", "model", "supersededBy"}.isdisjoint(a_memory("evt-1").as_json())
    assert "model" not in a_memory("evt-1").as_json()["metadata"]
