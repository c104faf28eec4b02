"""The short-term state: what the orchestrator keeps in mind from turn to turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metahuman.state.parts import ConversationContext, Route, ShortTerm

TOPICS = 10


def from_file(value: Mapping[str, Any]) -> ShortTerm:
    """Return the short-term state that a file's content tells; what is missing or of another type is empty."""
    context = value.get("conversationContext")
    context = context if isinstance(context, dict) else {}
    outputs = value.get("recentToolOutputs")
    return ShortTerm(
        currentFocus=_text(value.get("currentFocus")),
        activeTasks=_texts(value.get("activeTasks")),
        recentToolOutputs=dict(outputs) if isinstance(outputs, dict) else {},
        conversationContext=ConversationContext(
            lastTopics=_texts(context.get("lastTopics"))[-TOPICS:], userIntent=_text(context.get("userIntent"))
        ),
        lastUpdated=_text(value.get("lastUpdated")),
    )


def after_route(before: ShortTerm, route: Route, now: str) -> ShortTerm:
    """Return the state after a turn: its focus and intent where it has any, and its topics as the latest."""
    context = before["conversationContext"]
    kept = [topic for topic in context["lastTopics"] if topic not in route["topics"]]
    return ShortTerm(
        currentFocus=route["focus"] or before["currentFocus"],
        activeTasks=before["activeTasks"],
        recentToolOutputs=before["recentToolOutputs"],
        conversationContext=ConversationContext(
            lastTopics=[*kept, *route["topics"]][-TOPICS:], userIntent=route["intent"] or context["userIntent"]
        ),
        lastUpdated=now,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
