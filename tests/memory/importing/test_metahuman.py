"""A folder of MetaHuman OS, and lines of JSON: kept as they are, whatever has been done to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.importing.reading import Import, persona_of, read_import
from metahuman.state.errors import BadChoice
from metahuman.state.memories import Memory
from tests.chat_exports import file

EVENT = {
    "id": "evt-202510210030129",
    "timestamp": "2025-10-21T00:30:12.912Z",
    "content": "Met with Sarah about the project",
    "type": "observation",
    "entities": ["Sarah"],
    "tags": ["meeting"],
    "importance": 0.5,
    "links": [{"type": "relates_to", "target": "task-1"}],
    "userId": "user-1",
    "metadata": {"processed": True, "processedAt": "2025-10-21T01:00:00Z", "model": "phi3:mini", "facet": "work"},
}


def event(**more: Any) -> dict[str, Any]:
    return EVENT | more


def one(path: Path, content: object) -> tuple[list[Memory], Import]:
    file(path / "memory" / "episodic" / "2025" / "evt.json", content)
    found = read_import(path)
    assert found.format == "metahuman"
    return list(found), found


def lines(path: Path, *values: Any) -> tuple[list[Memory], Import]:
    text = "\n".join(value if isinstance(value, str) else json.dumps(value) for value in values)
    found = read_import(file(path / "notes.jsonl", text))
    assert found.format == "jsonl"
    return list(found), found


def test_a_memory_keeps_all_that_it_holds(tmp_path: Path) -> None:
    [memory], _ = one(tmp_path, EVENT)
    kept = memory.as_json()
    source = "metahuman: memory/episodic/2025/evt.json"
    assert kept.pop("metadata").items() >= {**EVENT["metadata"], "trainingConsent": True, "source": source}.items()  # type: ignore[dict-item]
    assert kept == {key: value for key, value in EVENT.items() if key != "metadata"}


def test_the_folders_of_metahuman_os_are_read(tmp_path: Path) -> None:
    episodic = tmp_path / "memory" / "episodic"
    places = {
        "2025/10/21/evt-1-met-with-sarah.json": event(id="evt-1"),
        "dreams/2025/10/22/evt-2-a-dream.json": event(id="evt-2", type="dream"),
        "audio/2025/10/23/evt-3.json": event(id="evt-3", type="observation", tags=["audio", "transcript"]),
        "2025/evt-4.json": event(id="evt-4", type="inner_dialogue"),
        "2025/evt-5.json.enc": "secret",
        "2025/evt-6.json": "{ broken",
        ".hidden/evt-7.json": event(id="evt-7"),
    }
    for place, content in places.items():
        file(episodic / place, content)
    file(tmp_path / "memory" / "curated" / "evt-1.json", event())
    file(tmp_path / "persona" / "core.json", {"identity": {"name": "Ann"}})
    found = read_import(tmp_path)
    assert {memory.id: memory.type for memory in found} == {
        "evt-1": "observation",
        "evt-2": "dream",
        "evt-3": "observation",
        "evt-4": "inner_dialogue",
    }
    assert list(found.report.lines()) == [
        "4 memories taken, 5 items read (metahuman)",
        "skipped: encrypted files; unlock them in MetaHuman OS first: 1 (memory/episodic/2025/evt-5.json.enc)",
        "skipped: persona/core.json, which is not copied unasked: 1 (persona/core.json)",
        "could not be read: not JSON: 1 (memory/episodic/2025/evt-6.json)",
    ]
    assert persona_of(tmp_path) == {"identity": {"name": "Ann"}}
    assert len(list(read_import(episodic))) == len(list(read_import(tmp_path / "memory"))) == 4
    assert persona_of(episodic) is None


def test_the_memories_of_several_people_are_not_mixed(tmp_path: Path) -> None:
    for name in ("ann", "ben"):
        file(tmp_path / "profiles" / name / "memory" / "episodic" / "2025" / "evt.json", EVENT)
    with pytest.raises(BadChoice, match=r"give one of them: profiles/ann, profiles/ben"):
        list(read_import(tmp_path))
    assert len(list(read_import(tmp_path / "profiles" / "ann"))) == 1


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"tags": "meeting", "entities": None, "links": None, "metadata": None}, {"tags": ["meeting"], "entities": []}),
        ({"type": None, "response": None}, {"type": "observation"}),
        ({"timestamp": 1_761_006_612}, {"timestamp": "2025-10-21T00:30:12.000Z"}),
        ({"timestamp": "2025-10-21"}, {"timestamp": "2025-10-21"}),
        ({"own": None}, {}),
        ({"content": "half \ud83d"}, {"content": "half \ufffd"}),
    ],
    ids=str,
)
def test_what_has_another_form_is_put_right(tmp_path: Path, change: dict[str, Any], kept: dict[str, Any]) -> None:
    [memory], _ = one(tmp_path, json.dumps(event(**change)))
    assert memory.as_json().items() >= kept.items()


@pytest.mark.parametrize("odd", ["../../etc/passwd", "", "a/b", None, 7, "x" * 200])
def test_an_id_that_can_name_no_file_is_replaced_by_one_that_stays(tmp_path: Path, odd: object) -> None:
    [memory], _ = one(tmp_path, event(id=odd))
    assert memory.id.startswith("memory-20251021-")
    assert [again.id for again in read_import(tmp_path)] == [memory.id]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({}, "no content"),
        ([], "no content"),
        (event(content="  "), "no content"),
        (event(timestamp="soon"), "no timestamp, or none that can be read"),
        (event(timestamp="0001-01-01T00:00:00+14:00"), "no timestamp, or none that can be read"),
        (event(response={"text": "x"}), "response: Input should be a valid string"),
    ],
)
def test_what_is_no_memory_is_told(tmp_path: Path, content: object, why: str) -> None:
    memories, found = one(tmp_path, content)
    assert memories == []
    assert list(found.report.skipped) == [why]


def test_a_no_to_training_is_stronger_than_a_yes(tmp_path: Path) -> None:
    file(tmp_path / "episodic" / "2025" / "a.json", event(id="a", metadata={"trainingConsent": False}))
    file(tmp_path / "episodic" / "2025" / "b.json", event(id="b"))
    assert [memory.metadata.training_consent for memory in read_import(tmp_path)] == [False, True]
    assert [memory.metadata.training_consent for memory in read_import(tmp_path, consent=False)] == [False, False]


def test_lines_of_other_programs_are_read(tmp_path: Path) -> None:
    memories, _ = lines(
        tmp_path,
        {"text": "Bought beans", "date": "2024-05-03", "mood": "good", "id": 7},
        {"role": "user", "content": "Hello", "created_at": 1_714_744_800, "response": "Hi", "thread_id": "t-1"},
        {"sender": "Ann", "body": "See you", "ts": "1714744800000", "type": "message"},
    )
    assert [(memory.content, memory.timestamp, memory.type) for memory in memories] == [
        ("Bought beans", "2024-05-03T00:00:00.000Z", "observation"),
        ("Hello", "2024-05-03T14:00:00.000Z", "conversation"),
        ("See you", "2024-05-03T14:00:00.000Z", "message"),
    ]
    first, second, third = (memory.as_json() for memory in memories)
    assert (first["mood"], first["metadata"]["sourceId"], first["metadata"]["source"]) == (
        "good",
        7,
        "jsonl: notes.jsonl",
    )
    assert (second["response"], second["metadata"]["conversationId"]) == ("Hi", "t-1")
    assert third["metadata"]["speaker"] == "Ann"


def test_a_line_that_is_wrong_is_told_with_its_number(tmp_path: Path) -> None:
    memories, found = lines(
        tmp_path, EVENT, "", "{ broken", "3", {"text": "x"}, {"date": "2024-05-03"}, EVENT,
        {"text": "x", "date": "soon"}, {"role": "system", "text": "x", "date": "2024-05-03"}, "[" * 100_000,
        event(id="evt-2"),
    )  # fmt: skip
    assert [memory.id for memory in memories] == ["evt-202510210030129", "evt-2"]
    assert {why: group.examples for why, group in found.report.broken.items()} == {
        "not JSON": ["notes.jsonl, line 3"],
        "nested too deeply": ["notes.jsonl, line 10"],
    }
    assert [group.count for group in found.report.skipped.values()] == [1, 2, 1, 1, 1]
    assert found.report.skipped["not an object"].examples == ["notes.jsonl, line 4"]


def test_a_line_without_an_end_is_passed_over(tmp_path: Path) -> None:
    memories, found = lines(tmp_path, json.dumps({"text": "x" * 2**24, "date": "2024-05-03"}), EVENT)
    assert [memory.id for memory in memories] == [EVENT["id"]]
    assert found.report.skipped["longer than 16,777,216 characters"].examples == ["notes.jsonl, line 1"]


def test_two_memories_of_one_id_are_both_kept(tmp_path: Path) -> None:
    memories, _ = lines(tmp_path, EVENT, event(content="Another"), EVENT, event(content="Another"))
    assert [memory.content for memory in memories] == [EVENT["content"], "Another"]
    assert memories[1].id.startswith("evt-202510210030129-")
