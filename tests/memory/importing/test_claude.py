"""Claude's export: blocks, branches, and the several zips of a large one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.importing.reading import Import, read_import
from metahuman.state.errors import BadChoice
from metahuman.state.memories import Memory
from tests.chat_exports import NO_PARENT, claude, file, packed, said


def taken(path: Path, *conversations: dict[str, Any]) -> tuple[list[Memory], Import]:
    found = read_import(file(path / "conversations.json", list(conversations)))
    assert found.format == "claude"
    return list(found), found


def told(memories: list[Memory]) -> list[tuple[str, str | None]]:
    return [(memory.content, memory.response) for memory in memories]


def skipped(found: Import) -> dict[str, int]:
    return {why: group.count for why, group in found.report.skipped.items()}


def test_a_question_and_its_answer_are_one_memory(tmp_path: Path) -> None:
    [memory], _ = taken(tmp_path, claude(said("m1", "human", "What grows here?"), said("m2", "assistant", "Beans.")))
    assert (memory.content, memory.response, memory.timestamp) == (
        "What grows here?",
        "Beans.",
        "2024-05-03T14:00:00.000Z",
    )
    assert (memory.metadata.conversation_id, memory.metadata.turn) == ("claude-k-1", "m1")
    assert memory.metadata.source == "claude: conversations.json"
    assert memory.metadata.model_dump()["conversationTitle"] == "A garden"


def test_thoughts_and_tools_are_not_said(tmp_path: Path) -> None:
    blocks = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "name": "web_search", "input": {"query": "beans"}},
        {"type": "tool_result", "content": [{"type": "text", "text": "a page about beans"}]},
        {"type": "text", "text": "Beans."},
        {"type": "token_budget"},
    ]
    memories, found = taken(tmp_path, claude(said("m1", "human", "What?"), said("m2", "assistant", content=blocks)))
    assert told(memories) == [("What?", "Let me look.\n\nBeans.")]
    assert skipped(found) == {"tool calls and their output": 2}


def test_old_exports_have_a_text_only(tmp_path: Path) -> None:
    shown = "Beans.\n```\nThis block is not supported on your current device yet.\n```"
    old = said("m2", "assistant", text=shown)
    del old["content"]
    memories, _ = taken(tmp_path, claude(said("m1", "human", text="What?", content=[]), old))
    assert told(memories) == [("What?", "Beans.")]


def test_what_stands_in_a_file_was_not_said(tmp_path: Path) -> None:
    pasted = {"file_name": "paste.txt", "file_type": "txt", "extracted_content": "someone else's words"}
    picture = {"file_uuid": "f", "file_name": "garden.png"}
    messages = [said("m1", "human", "Look", attachments=[pasted]), said("m2", "human", files=[picture])]
    memories, _ = taken(tmp_path, claude(*messages))
    assert told(memories) == [("Look", None), ("[garden.png]", None)]
    assert memories[0].metadata.model_dump()["attachments"] == ["paste.txt"]
    assert "someone else" not in str([memory.as_json() for memory in memories])


def test_only_the_branch_that_was_shown_is_taken(tmp_path: Path) -> None:
    messages = [
        said("m1", "human", "Wat?", parent=NO_PARENT),
        said("m2", "assistant", "Pardon?", parent="m1", at="14:01"),
        said("n1", "human", "What?", parent=NO_PARENT, at="14:02"),
        said("n2", "assistant", "Beans.", parent="n1", at="14:03"),
        said("n3", "human", "Thanks", parent="n2", at="14:04"),
    ]
    memories, found = taken(tmp_path, claude(*messages))
    assert told(memories) == [("What?", "Beans."), ("Thanks", None)]
    assert skipped(found) == {"messages that were edited or tried again": 2}
    memories, _ = taken(tmp_path, claude(*messages, current_leaf_message_uuid="m2"))
    assert told(memories) == [("Wat?", "Pardon?")]


def test_a_message_that_follows_one_which_is_gone_follows_the_one_before(tmp_path: Path) -> None:
    messages = [
        said("m1", "human", "What?", parent=NO_PARENT),
        said("m2", "assistant", "Beans.", parent="m1"),
        said("m3", "human", "Thanks", parent="deleted"),
        said("m4", "assistant", "Welcome.", parent="m3"),
    ]
    memories, _ = taken(tmp_path, claude(*messages))
    assert told(memories) == [("What?", "Beans."), ("Thanks", "Welcome.")]


def test_nonsense_stops_nothing(tmp_path: Path) -> None:
    odd: list[Any] = [None, "text", {}, {"sender": "system"}, {"sender": "human", "content": [None, 3]}]
    memories, _ = taken(
        tmp_path, claude(*odd, said("m1", "human", "One")), claude(), claude(uuid="k-2") | {"chat_messages": None}
    )
    assert told(memories) == [("One", None)]


def test_the_several_zips_of_a_large_export_are_read_from_their_folder(tmp_path: Path) -> None:
    packed(tmp_path / "data-batch-0000.zip", {"conversations.json": [claude(said("m1", "human", "One"))]})
    packed(tmp_path / "data-batch-0001.zip", {"conversations.json": [claude(said("m1", "human", "Two"), uuid="k-2")]})
    packed(tmp_path / "projects-000.zip", {"projects/p-1.json": {"docs": [{"content": "x"}]}})
    file(tmp_path / "memories.json", [{"conversations_memory": "likes beans"}])
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    found = read_import(tmp_path)
    assert found.format == "claude"
    assert [memory.content for memory in found] == ["One", "Two"]
    assert skipped(found) == {"what Claude noted about you": 1, "projects: their instructions and documents": 1}
    [broken] = found.report.broken
    assert "get the export again" in broken
    assert found.report.broken[broken].examples == ["broken.zip"]


def test_a_list_of_downloads_says_what_to_do(tmp_path: Path) -> None:
    manifest = file(
        tmp_path / "manifest-1-2026-09-10.json", {"files": [{"url": "https://example.org/conversations-000.zip"}]}
    )
    with pytest.raises(BadChoice, match="download them, and give their folder"):
        read_import(manifest)
