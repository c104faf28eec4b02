"""Claude's data export: `conversations.json`, alone, in its zip, or in the several zips that a large one comes in.

Anthropic documents no schema; this one is what exports of 2023 to 2026 hold. Messages name the one they follow
(`parent_message_uuid`) since 2024: what was edited or tried again stays in the list, and the last message is of the
branch that was shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metahuman.memory.importing.chats import ChatReader, Said, Talk, with_files
from metahuman.memory.importing.report import Report
from metahuman.memory.importing.values import as_dict, as_list, as_text, moment

#: What other files of the export hold.
OTHERS = {
    "/projects": "projects: their instructions and documents",
    "/memories": "what Claude noted about you",
    "/users": "account settings",
    "/manifest": "a list of downloads",
    "/design_chats": "chats about designs",
}
#: What the export writes in place of a tool's call, where it has no blocks.
NOT_SHOWN = "```\nThis block is not supported on your current device yet.\n```"
#: What the first message of a conversation follows: 00000000-0000-4000-8000-000000000000.
NO_PARENT = "00000000-0000-"
SENDERS = {"human": True, "user": True, "assistant": False}


def talk(conversation: Mapping[str, Any], report: Report) -> Talk:
    """Return a conversation of the export."""
    talk_id, title = as_text(conversation.get("uuid")), as_text(conversation.get("name"))
    began = moment(conversation.get("created_at"))
    messages = [as_dict(message) for message in as_list(conversation.get("chat_messages"))]
    if not messages:
        report.skip("conversations without messages", title or talk_id)
    branch = _branch(messages, conversation.get("current_leaf_message_uuid"))
    if len(branch) < len(messages):
        report.skip("messages that were edited or tried again", title or talk_id, len(messages) - len(branch))
    said = [found for place in branch if (found := _said(place, messages[place], report, title or talk_id))]
    return Talk(talk_id or str(began or title), title, began, said)


def _branch(messages: Sequence[Mapping[str, Any]], last: object) -> list[int]:
    """Return the places of the messages that were shown; of all of them where they do not tell what they follow.

    A message that follows one which is not there, as after a deletion, follows the one that stands before it.
    """
    places = {uuid: place for place, message in enumerate(messages) if (uuid := as_text(message.get("uuid")))}
    if not any(as_text(message.get("parent_message_uuid")) in places for message in messages):
        return list(range(len(messages)))
    at: int | None = places.get(as_text(last), _latest(messages))
    found: dict[int, None] = {}
    while at is not None and at not in found:
        found[at] = None
        parent = as_text(messages[at].get("parent_message_uuid"))
        at = places.get(parent, at - 1 if at and not parent.startswith(NO_PARENT) else None)
    return list(reversed(found))


def _latest(messages: Sequence[Mapping[str, Any]]) -> int:
    times = [moment(message.get("created_at")) for message in messages]
    return max(range(len(messages)), key=lambda place: (at.timestamp() if (at := times[place]) else 0.0, place))


def _said(number: int, message: Mapping[str, Any], report: Report, place: str) -> Said | None:
    """Return a message; tools, thoughts and the contents of attached files are not said."""
    by_owner = SENDERS.get(as_text(message.get("sender")))
    if by_owner is None:
        report.skip("messages of neither you nor Claude", place)
        return None
    blocks = [as_dict(block) for block in as_list(message.get("content"))]
    unsaid = sum(1 for block in blocks if block.get("type") in ("tool_use", "tool_result"))
    if unsaid:
        report.skip("tool calls and their output", place, unsaid)
    files = _files(message)
    words = _words(blocks) or _words_of_old(message)
    text = with_files(words, files) if by_owner else words
    at, message_id = moment(message.get("created_at")), as_text(message.get("uuid")) or str(number)
    return Said(message_id, by_owner, text, at, None, files) if text else None


def _words(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Return what is said in a message's blocks."""
    spoken = [as_text(block.get("text")) for block in blocks if block.get("type") in ("text", "voice_note")]
    return "\n\n".join(text for text in spoken if text)


def _words_of_old(message: Mapping[str, Any]) -> str:
    return as_text(as_text(message.get("text")).replace(NOT_SHOWN, ""))


def _files(message: Mapping[str, Any]) -> list[str]:
    attached = [as_dict(one) for key in ("attachments", "files") for one in as_list(message.get(key))]
    return [as_text(one.get("file_name")) or "file" for one in attached]


CLAUDE = ChatReader("claude", "chat_messages", talk, OTHERS)
