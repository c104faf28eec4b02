"""What happens in a turn, as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from langchain_core.messages import AnyMessage
from pydantic.alias_generators import to_camel

from metahuman.reply import Begun, Event, Found, Intended, Noted, Reply, Routed, Stepped, Token

JSON = dict[str, Any]
#: What each event is called.
NAMES: dict[type, str] = {
    Routed: "route",
    Begun: "begun",
    Noted: "noted",
    Found: "found",
    Intended: "intended",
    Stepped: "step",
    Token: "token",
    Reply: "reply",
}


def named(event: Event) -> tuple[str, Any]:
    """Return an event's name on the wire, and what it says."""
    match event:
        case Reply():
            told: Any = reply_json(event)
        case Routed(inner) | Found(inner) | Intended(inner) | Stepped(inner):
            told = inner
        case _:
            told = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    return NAMES[type(event)], told


def reply_json(reply: Reply) -> JSON:
    """Return a reply with all that led to it, in camelCase."""
    told = {to_camel(field.name): getattr(reply, field.name) for field in dataclasses.fields(reply)}
    return {**told, "sources": reply.sources, "artifacts": reply.artifacts}


def message_json(message: AnyMessage) -> JSON:
    """Return a message of a thread."""
    return {"id": message.id, "role": "assistant" if message.type == "ai" else "user", "text": message.text}
