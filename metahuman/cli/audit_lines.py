"""How an event of the audit log is said in a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metahuman.audit.reader import Entry


def local_time(entry: Entry, *, date: bool = False) -> str:
    """Return the local time of day, with the date if that is wanted or not today's."""
    try:
        moment = entry.moment and entry.moment.astimezone()
    except (OverflowError, ValueError):  # a time at the edge of the calendar
        moment = None
    if moment is None:
        return printable(entry.get("timestamp", "no time"))
    today = moment.date() == datetime.now().astimezone().date()
    return moment.strftime("%H:%M:%S" if today and not date else "%Y-%m-%d %H:%M:%S")


def printable(value: Any) -> str:
    """Return `value` as text that cannot move the cursor, ring or reorder: what does not print is escaped."""
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def summary(event: object, details: Mapping[str, Any]) -> str:
    """Return what `details` say, in a few words; the details of unknown events as key=value pairs."""
    if event == "llm_call":
        return ", ".join(_llm_call(details))
    if event == "route_decided":
        return ", ".join(_route_decided(details))
    return " ".join(f"{key}={_short(value)}" for key, value in details.items() if value is not None)


def _llm_call(details: Mapping[str, Any]) -> Iterator[str]:
    yield f"{details.get('role', '?')} → {details.get('modelId') or 'no model'}"
    # Before the numbers, because a narrow terminal cuts the end.
    if details.get("fallback"):
        yield f"fallback: {details.get('why') or 'no reason given'}"
    if details.get("error"):
        yield f"error: {details['error']}"
    tokens = details.get("tokens")
    if isinstance(tokens, dict):
        yield f"{tokens.get('prompt', '?')}+{tokens.get('completion', '?')} tokens"
    if isinstance(latency := details.get("latencyMs"), (int, float)):
        yield f"{latency:,.0f} ms"


def _route_decided(details: Mapping[str, Any]) -> Iterator[str]:
    tasks = [task for task in listed(details.get("tasks")) if isinstance(task, dict)]
    yield "→ " + (" + ".join(str(task.get("destination")) for task in tasks) or "nowhere")
    if details.get("decidedBy"):
        yield f"by {details['decidedBy']}"
    if isinstance(confidence := details.get("confidence"), (int, float)):
        yield f"{confidence:.2f} sure"
    if details.get("why"):
        yield f"why: {details['why']}"


def _short(value: object) -> str:
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"


def listed(value: object) -> list[Any]:
    """Return `value` if it is a list, else none: events of other writers may hold anything."""
    return value if isinstance(value, list) else []
