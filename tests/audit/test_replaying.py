"""Replaying a thread: its events by turn, in the order of writing, whatever the log holds besides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from metahuman.audit.log import AuditLog
from metahuman.audit.replaying import replay
from metahuman.state.events import AuditEvent, llm_call, route_decided
from tests.calls import a_call
from tests.fakes import StandingClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def asked(role: str, thread: str | None = "main") -> AuditEvent:
    return llm_call(a_call(role=role, thread=thread))  # type: ignore[arg-type]


def routed(thread: str = "main") -> AuditEvent:
    return route_decided({"tasks": [{"destination": "conversation", "task": ""}], "decidedBy": "model"}, thread)


def of_thread(event: str, **details: Any) -> AuditEvent:
    return AuditEvent(event, "system", {"thread": "main", **details})


def write(folder: Path, *events: AuditEvent, clock: StandingClock | None = None) -> None:
    log = AuditLog(folder, clock or StandingClock(NOON))
    for event in events:
        log.record(event)
    log.close()


def shown(folder: Path, thread: str = "main") -> list[tuple[int, list[str]]]:
    turns = replay(folder, thread).turns
    return [(turn.number, [event.details.get("role") or event["event"] for event in turn.events]) for turn in turns]


def test_a_turn_begins_with_what_led_to_its_route(tmp_path: Path) -> None:
    write(
        tmp_path,
        *(asked("embedder"), asked("orchestrator"), routed(), asked("persona"), of_thread("memory_saved", id="m1")),
        *(asked("summarizer"), asked("orchestrator"), routed(), asked("orchestrator"), of_thread("tool_called")),
        *(asked("orchestrator"), asked("persona"), routed(), asked("orchestrator")),
    )
    assert shown(tmp_path) == [
        (1, ["embedder", "orchestrator", "route_decided", "persona", "memory_saved", "summarizer"]),
        (2, ["orchestrator", "route_decided", "orchestrator", "tool_called", "orchestrator", "persona"]),
        (3, ["route_decided", "orchestrator"]),
    ]


def test_a_recall_belongs_to_the_turn_whether_it_ends_before_the_route_or_after(tmp_path: Path) -> None:
    recalled = of_thread("memories_recalled", memories={"m1": 0.9})
    write(tmp_path, recalled, routed(), asked("persona"), routed(), recalled, asked("persona"))
    assert shown(tmp_path) == [
        (1, ["memories_recalled", "route_decided", "persona"]),
        (2, ["route_decided", "memories_recalled", "persona"]),
    ]


def test_other_threads_and_what_is_of_none_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, routed("other"), AuditEvent("registry_loaded", "system"), routed(), asked("persona", None))
    assert shown(tmp_path) == [(1, ["route_decided"])]
    assert shown(tmp_path, "none") == []


def test_what_came_before_any_turn_is_shown_first(tmp_path: Path) -> None:
    write(tmp_path, of_thread("short_term_changed"), routed())
    assert shown(tmp_path) == [(0, ["short_term_changed"]), (1, ["route_decided"])]


def test_the_order_is_that_of_writing_also_where_the_clock_went_back(tmp_path: Path) -> None:
    clock = StandingClock(NOON)
    write(tmp_path, routed(), clock=clock)
    clock.time -= timedelta(days=1)
    write(tmp_path, of_thread("memory_saved"), clock=clock)
    assert shown(tmp_path) == [(1, ["route_decided", "memory_saved"])]


def test_days_without_a_chain_come_first_and_broken_lines_are_counted(tmp_path: Path) -> None:
    (tmp_path / "2026-02-01.ndjson").write_text('{"event":"route_decided","details":{"thread":"main"}}\nhalf a l')
    write(tmp_path, routed())
    assert shown(tmp_path) == [(1, ["route_decided"]), (2, ["route_decided"])]
    assert replay(tmp_path, "main").broken == 1


def test_a_turn_tells_its_id_and_mode_where_events_do(tmp_path: Path) -> None:
    write(tmp_path, routed(), of_thread("tool_called", turn="q1", mode="agent"), routed())
    first, second = replay(tmp_path, "main").turns
    assert (first.id, first.mode, second.id, second.mode) == ("q1", "agent", None, None)
    assert first.as_json()["events"] == first.events
