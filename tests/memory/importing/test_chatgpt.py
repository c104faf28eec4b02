"""ChatGPT's export: who said what, on the branch that was shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.importing.reading import Import, read_import
from metahuman.state.memories import Memory
from tests.chat_exports import MAY, chatgpt, file, node, packed

HIDDEN = {"is_visually_hidden_from_conversation": True}


def taken(path: Path, *conversations: dict[str, Any]) -> tuple[list[Memory], Import]:
    found = read_import(file(path / "conversations.json", list(conversations)))
    assert found.format == "chatgpt"
    return list(found), found


def told(memories: list[Memory]) -> list[tuple[str, str | None]]:
    return [(memory.content, memory.response) for memory in memories]


def skipped(found: Import) -> dict[str, int]:
    return {why: group.count for why, group in found.report.skipped.items()}


def test_a_question_and_its_answer_are_one_memory(tmp_path: Path) -> None:
    answer = node("m2", "m1", "assistant", "Take the path by the river.", at=MAY + 5, metadata={"model_slug": "gpt-5"})
    [memory], found = taken(tmp_path, chatgpt(node("m1", "root", "user", "Where shall we walk?"), answer))
    assert memory.as_json() == {
        "id": memory.id,
        "timestamp": "2024-05-03T14:00:00.000Z",
        "type": "conversation",
        "content": "Where shall we walk?",
        "response": "Take the path by the river.",
        "tags": [],
        "entities": [],
        "links": [],
        "metadata": {
            "processed": False,
            "curated": False,
            "trainingConsent": True,
            "model": "gpt-5",
            "conversationId": "chatgpt-c-1",
            "turn": "m1",
            "source": "chatgpt: conversations.json",
            "seen": 1,
            "supersedes": [],
            "conversationTitle": "A walk",
            "sourceDigest": memory.metadata.model_dump()["sourceDigest"],
        },
    }
    assert memory.id.startswith("chatgpt-20240503-")
    assert list(found.report.lines()) == ["1 memories taken, 1 items read (chatgpt)"]


def test_only_the_branch_that_was_shown_is_taken(tmp_path: Path) -> None:
    conversation = chatgpt(
        node("old", "root", "user", "Wher shal we walk?"),
        node("old-answer", "old", "assistant", "Nowhere."),
        node("m1", "root", "user", "Where shall we walk?"),
        node("try", "m1", "assistant", "In circles."),
        node("m2", "m1", "assistant", "By the river."),
        node("m3", "m2", "user", "And then?", at=MAY + 60),
    )
    memories, found = taken(tmp_path, conversation)
    assert told(memories) == [("Where shall we walk?", "By the river."), ("And then?", None)]
    assert skipped(found) == {"messages that were edited or tried again": 3}


@pytest.mark.parametrize("current", ["gone", ""])
def test_without_a_last_message_the_latest_is_the_last(tmp_path: Path, current: str) -> None:
    nodes = [node("m1", "root", "user", "One", at=MAY + 9), node("m2", "root", "user", "Two", at=MAY + 1)]
    memories, _ = taken(tmp_path, chatgpt(*nodes) | {"current_node": current or None})
    assert told(memories) == [("One", None)]


def test_a_tree_that_goes_in_circles_ends(tmp_path: Path) -> None:
    memories, _ = taken(tmp_path, chatgpt(node("m1", "m2", "user", "One"), node("m2", "m1", "assistant", "Two")))
    assert told(memories) == [("One", "Two")]


def test_what_nobody_said_is_left_out_and_told(tmp_path: Path) -> None:
    conversation = chatgpt(
        node("s", "root", "system", ""),
        node("i", "s", "user", kind="user_editable_context", metadata=HIDDEN),
        node("s2", "i", "system", "You are helpful."),
        node("m1", "s2", "user", "How warm is it?"),
        node("h", "m1", "user", "Hidden words", metadata=HIDDEN),
        node("t", "h", "assistant", kind="thoughts"),
        node("c", "t", "assistant", "search('weather')", kind="code", recipient="web"),
        node("o", "c", "tool", "12 degrees", kind="execution_output"),
        node("a", "o", "assistant", "Let me see.", channel="commentary"),
        node("m2", "a", "assistant", "Twelve degrees."),
        node("b", "m2", "assistant", kind="new_kind"),
    )
    memories, found = taken(tmp_path, conversation)
    assert told(memories) == [("How warm is it?", "Let me see.\n\nTwelve degrees.")]
    assert skipped(found) == {
        "custom instructions": 1,
        "system messages": 1,
        "hidden messages": 1,
        "the model's thoughts": 1,
        "tool calls and their output": 2,
        "messages of the kind 'new_kind'": 1,
    }


def test_words_stand_in_pictures_voices_and_files(tmp_path: Path) -> None:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://f-1", "width": 10}
    voice = {"content_type": "audio_transcription", "text": "Good morning", "direction": "in"}
    sound = {"content_type": "real_time_user_audio_video_asset_pointer", "audio_asset_pointer": {"format": "wav"}}
    named = {"attachments": [{"name": "bill.pdf", "id": "f-2"}]}
    conversation = chatgpt(
        node("m1", "root", "user", picture, "What is this?", kind="multimodal_text"),
        node("m2", "m1", "user", voice, sound, kind="multimodal_text"),
        node("m3", "m2", "user", picture, kind="multimodal_text"),
        node("m4", "m3", "user", "", metadata=named),
    )
    memories, _ = taken(tmp_path, conversation)
    assert [memory.content for memory in memories] == ["What is this?", "Good morning", "[image]", "[bill.pdf]"]
    assert [memory.metadata.model_dump().get("attachments") for memory in memories] == [
        ["image"],
        None,
        ["image"],
        ["bill.pdf"],
    ]


def test_marks_of_the_web_page_are_taken_out_of_answers(tmp_path: Path) -> None:
    answer = (
        'Visit \ue200entity\ue202["city","Lisbon","Portugal"]\ue201 \ue200cite\ue202turn0search1\ue201in May, '
        "see \ue200url\ue202the guide\ue202https://example.org\ue201【4†source】. Go \ue200entity\ue202there\ue201."
    )
    [memory], _ = taken(
        tmp_path, chatgpt(node("m1", "root", "user", "Where? 【4†source】"), node("m2", "m1", "assistant", answer))
    )
    assert memory.content == "Where? 【4†source】"
    assert memory.response == "Visit Lisbon in May, see the guide. Go there."


def test_a_message_without_a_date_has_that_of_what_came_before(tmp_path: Path) -> None:
    nodes = [node("m1", "root", "user", "One", at=None), node("m2", "m1", "user", "Two", at=MAY)]
    memories, _ = taken(tmp_path, chatgpt(*nodes))
    assert [memory.timestamp for memory in memories] == ["2024-05-03T13:59:50.000Z", "2024-05-03T14:00:00.000Z"]
    undated = chatgpt(node("m1", "root", "user", "One", at=None), create_time=None, title=None)
    memories, found = taken(tmp_path, undated)
    assert memories == []
    assert skipped(found) == {"messages without a date": 1}


def test_answers_to_nothing_and_conversations_of_nothing_are_told(tmp_path: Path) -> None:
    alone = chatgpt(node("m1", "root", "assistant", "Your reminder: water the plants."))
    memories, found = taken(tmp_path, alone, chatgpt(alone["mapping"]["m1"]) | {"mapping": {}}, "text", {"x": 1})  # type: ignore[arg-type]
    assert memories == []
    assert skipped(found) == {
        "answers to nothing that you said": 1,
        "conversations without messages": 1,
        "elements that are no conversations": 2,
    }


def test_the_zip_and_its_numbered_files_are_read(tmp_path: Path) -> None:
    first = chatgpt(node("m1", "root", "user", "One"))
    second = chatgpt(node("m1", "root", "user", "Two"), conversation_id="c-2", id="c-2")
    members = {"conversations-000.json": [first], "conversations-001.json": [second, first]}
    others = {"user.json": {"id": "u"}, "message_feedback.json": [], "chat.html": "<p>", "file-1.dat": "x"}
    found = read_import(packed(tmp_path / "export.zip", members | others))
    assert [memory.content for memory in found] == ["One", "Two"]
    assert skipped(found) == {"the same again": 1, "ratings of answers": 1, "account settings": 1}
    assert found.report.skipped["ratings of answers"].examples == ["message_feedback.json"]


@pytest.mark.parametrize(
    "message",
    [None, [], "text", {"author": None}, {"content": "text", "author": {"role": "user"}}, {"metadata": []}],
    ids=repr,
)
def test_nonsense_stops_nothing(tmp_path: Path, message: Any) -> None:
    odd = {"id": "odd", "message": message, "parent": "root", "children": None}
    memories, _ = taken(tmp_path, chatgpt(odd, node("m1", "odd", "user", "One")))
    assert told(memories) == [("One", None)]
