"""ChatGPT's data export: `conversations.json`, or numbered files of the kind, alone or in the zip that it comes in.

OpenAI documents no schema; this one is what exports of 2023 to 2026 hold. A conversation is a tree of messages, since
what was edited or tried again stays in it: `current_node` names the last message of the branch that was shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from metahuman.memory.importing.chats import ChatReader, Said, Talk, with_files
from metahuman.memory.importing.report import Report
from metahuman.memory.importing.values import as_dict, as_list, as_text, moment

#: What other files of the export hold.
OTHERS = {
    "/shared_conversations": "links that you shared",
    "/message_feedback": "ratings of answers",
    "/model_comparisons": "answers that were compared",
    "/group_chats": "chats with other people",
    "/user": "account settings",
    "/sora": "videos that were made",
    "/shopping": "shopping",
}
#: Messages that hold what was said, rather than tools' output, thoughts or instructions.
SPOKEN = ("text", "multimodal_text")
#: Marks around what the web page turns into a link: private characters of Unicode.
_MARK = re.compile("\ue200([^\ue200\ue201]*)\ue201")
_SOURCE = re.compile(r"【[^【】]{1,60}†[^【】]{0,200}】")


def talk(conversation: Mapping[str, Any], report: Report) -> Talk:
    """Return a conversation of the export."""
    talk_id = as_text(conversation.get("conversation_id")) or as_text(conversation.get("id"))
    title, began = as_text(conversation.get("title")), moment(conversation.get("create_time"))
    nodes = {key: as_dict(node) for key, node in as_dict(conversation.get("mapping")).items()}
    if not nodes:
        report.skip("conversations without messages", title or talk_id)
    branch = _branch(nodes, conversation.get("current_node"))
    others = sum(1 for key, node in nodes.items() if key not in branch and _said(key, node))
    if others:
        report.skip("messages that were edited or tried again", title or talk_id, others)
    said = [found for key in branch if (found := _told(key, nodes[key], report, title or talk_id))]
    return Talk(talk_id or str(began or title), title, began, said)


def _branch(nodes: Mapping[str, Mapping[str, Any]], current: object) -> dict[str, None]:
    """Return the nodes of the branch that was shown, from the first on; without `current`, of the latest message."""
    if not isinstance(current, str) or current not in nodes:
        ends = [key for key, node in nodes.items() if not any(child in nodes for child in _keys(node.get("children")))]
        current = max(ends or nodes, key=lambda key: _time(nodes[key]), default=None)
    found: dict[str, None] = {}
    while isinstance(current, str) and current in nodes and current not in found:
        found[current] = None
        current = nodes[current].get("parent")
    return dict.fromkeys(reversed(found))


def _keys(value: object) -> Iterator[str]:
    return (key for key in as_list(value) if isinstance(key, str))


def _time(node: Mapping[str, Any]) -> float:
    at = moment(as_dict(node.get("message")).get("create_time"))
    return at.timestamp() if at else 0.0


def _told(key: str, node: Mapping[str, Any], report: Report, place: str) -> Said | None:
    """Return a node's message; of one that nobody said, tell the report what it is."""
    said = _said(key, node)
    if not said and (why := _unsaid(as_dict(node.get("message")))):
        report.skip(why, place)
    return said


def _said(key: str, node: Mapping[str, Any]) -> Said | None:
    """Return the message of a node, if a person or the model said it."""
    message = as_dict(node.get("message"))
    content, metadata = as_dict(message.get("content")), as_dict(message.get("metadata"))
    role = as_dict(message.get("author")).get("role")
    if _unsaid(message) or not message:
        return None
    files = _files(content, metadata)
    words = _words(content)
    text = with_files(words, files) if role == "user" else without_marks(words)
    model = as_text(metadata.get("model_slug")) or None
    at, message_id = moment(message.get("create_time")), as_text(message.get("id")) or key
    return Said(message_id, role == "user", text, at, model, files) if text else None


def _unsaid(message: Mapping[str, Any]) -> str:
    """Return what a message is that nobody said; "" for one that somebody did, and for empty ones."""
    content, metadata = as_dict(message.get("content")), as_dict(message.get("metadata"))
    role, kind = as_dict(message.get("author")).get("role"), content.get("content_type")
    to = message.get("recipient")
    if metadata.get("is_user_system_message") or kind in ("user_editable_context", "model_editable_context"):
        return "custom instructions"
    if metadata.get("is_visually_hidden_from_conversation"):
        return "hidden messages" if _words(content) else ""
    if role == "tool" or (role == "assistant" and to not in (None, "all")) or (role == "assistant" and kind == "code"):
        return "tool calls and their output"
    if role not in ("user", "assistant"):
        return "system messages" if _words(content) else ""
    if kind in ("thoughts", "reasoning_recap") or message.get("channel") == "analysis":
        return "the model's thoughts"
    return "" if kind in SPOKEN or kind is None else f"messages of the kind {as_text(kind)[:40]!r}"


def _words(content: Mapping[str, Any]) -> str:
    """Return what is said in a message, in words or in a transcript of what was spoken."""
    found = [as_text(part) or as_text(as_dict(part).get("text")) for part in as_list(content.get("parts"))]
    return "\n".join(text for text in found if text) or as_text(content.get("text"))


def _files(content: Mapping[str, Any], metadata: Mapping[str, Any]) -> list[str]:
    """Return the names of what is attached, and for a picture without a name the word."""
    names = [as_text(as_dict(one).get("name")) or "file" for one in as_list(metadata.get("attachments"))]
    kinds = [as_text(as_dict(part).get("content_type")) for part in as_list(content.get("parts"))]
    return names or ["image" for kind in kinds if kind == "image_asset_pointer"]


def without_marks(text: str) -> str:
    """Return an answer without the marks of sources; of those that stand for a name or a link, the name."""
    return _SOURCE.sub("", _MARK.sub(_shown, text)).strip()


def _shown(mark: re.Match[str]) -> str:
    kind, _, rest = mark[1].partition("\ue202")
    if kind == "url":
        return rest.partition("\ue202")[0]
    if kind != "entity":
        return ""
    try:
        named = as_list(json.loads(rest))
    except (ValueError, RecursionError):
        return rest
    return as_text(named[1]) if len(named) > 1 else ""


CHATGPT = ChatReader("chatgpt", "mapping", talk, OTHERS)
