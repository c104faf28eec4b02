"""The page about the audit names what the log can hold."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from metahuman.state import curation_events, events, keeping_events, remote_events, tool_events, voice_events

PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
EVENTS = [
    name
    for name, function in [
        *inspect.getmembers(events, inspect.isfunction),
        *inspect.getmembers(tool_events, inspect.isfunction),
        *inspect.getmembers(curation_events, inspect.isfunction),
        *inspect.getmembers(keeping_events, inspect.isfunction),
        *inspect.getmembers(remote_events, inspect.isfunction),
        *inspect.getmembers(voice_events, inspect.isfunction),
    ]
    if inspect.signature(function, eval_str=True).return_annotation is events.AuditEvent
]


def test_there_are_events() -> None:
    assert "llm_call" in EVENTS


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_its_row(event: str) -> None:
    assert f"\n| `{event}` | " in PAGE


@pytest.mark.parametrize("field", events.ModelCall.__annotations__)
def test_every_field_of_a_model_call_is_explained(field: str) -> None:
    assert f"`{field}`" in PAGE
