"""Exports of chat products, made up in the shape that real ones have."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: 3 May 2024, 14:00 UTC.
MAY = 1_714_744_800.0
NO_PARENT = "00000000-0000-4000-8000-000000000000"


def node(
    name: str,
    parent: str | None,
    role: str = "user",
    *parts: Any,
    kind: str = "text",
    at: float | None = MAY,
    **more: Any,
) -> dict[str, Any]:
    """Return a node of ChatGPT's tree."""
    message = {
        "id": name,
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": at,
        "update_time": None,
        "content": {"content_type": kind, "parts": list(parts)},
        "status": "finished_successfully",
        "end_turn": None,
        "weight": 1.0,
        "metadata": {},
        "recipient": "all",
        "channel": None,
    }
    return {"id": name, "message": message | more, "parent": parent, "children": []}


def chatgpt(
    *nodes: dict[str, Any], title: str | None = "A walk", current: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return a conversation of ChatGPT's: under a root without a message, and ending at the last node unless told."""
    root = {"id": "root", "message": None, "parent": None, "children": []}
    mapping = {one["id"]: one for one in [root, *nodes]}
    for one in nodes:
        if mapping.get(one["parent"], {}).get("children") is not None:
            mapping[one["parent"]]["children"].append(one["id"])
    return {
        "title": title,
        "create_time": MAY - 10,
        "update_time": MAY + 100,
        "mapping": mapping,
        "moderation_results": [],
        "current_node": current or nodes[-1]["id"],
        "conversation_id": "c-1",
        "id": "c-1",
        "gizmo_id": None,
        "default_model_slug": "gpt-5",
    } | more


def said(
    name: str, sender: str, *texts: str, parent: str | None = None, at: str = "14:00", **more: Any
) -> dict[str, Any]:
    """Return a message of Claude's."""
    times = {"start_timestamp": f"2024-05-03T{at}:00.000000Z", "stop_timestamp": f"2024-05-03T{at}:05.000000Z"}
    message = {
        "uuid": name,
        "text": "".join(texts),
        "content": [{**times, "flags": None, "type": "text", "text": text, "citations": []} for text in texts],
        "sender": sender,
        "created_at": f"2024-05-03T{at}:00.000000Z",
        "updated_at": f"2024-05-03T{at}:00.000000Z",
        "attachments": [],
        "files": [],
    }
    return message | ({"parent_message_uuid": parent} if parent else {}) | more


def claude(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a conversation of Claude's."""
    return {
        "uuid": "k-1",
        "name": "A garden",
        "summary": "**Overview** of a garden",
        "created_at": "2024-05-03T13:59:00.000000Z",
        "updated_at": "2024-05-03T15:00:00.000000Z",
        "account": {"uuid": "a-1"},
        "chat_messages": list(messages),
    } | more


def file(path: Path, content: object) -> Path:
    """Write a text, bytes, or anything else as JSON; return the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return path


def packed(path: Path, members: Mapping[str, object]) -> Path:
    """Write a zip of JSON or texts; return it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content if isinstance(content, str | bytes) else json.dumps(content))
    return path
