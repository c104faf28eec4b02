"""`metahuman audit replay`: a thread's decisions as people and scripts see them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from click.testing import CliRunner, Result

from metahuman.audit.log import AuditLog
from metahuman.cli.audit import audit
from metahuman.state.events import AuditEvent, llm_call, route_decided
from tests.calls import a_call, a_try
from tests.fakes import NOON, FakeClock
from tests.homes import TALK, in_process, scripted

ROUTE = {
    "tasks": [{"destination": "coder", "task": "sort [it]"}, {"destination": "operator", "task": ""}],
    "decidedBy": "classifier",
    "confidence": 0.871,
    "why": None,
}
TOOL = {"tool": "write_file", "effect": "write", "risk": "medium", "rule": "ask-first", "turn": "q1", "mode": "agent"}
EVENTS = [
    route_decided(ROUTE, "main"),
    llm_call(a_call(role="coder", fallback=True, why="down", failed=[a_try()])),  # type: ignore[arg-type]
    AuditEvent(
        "approval_answered",
        "human",
        {**TOOL, "approved": True, "edited": True, "always": True, "by": "human", "why": "fine", "thread": "main"},
    ),
    AuditEvent("tool_called", "operator", {**TOOL, "approver": "human", "ended": "done", "ms": 12.4, "thread": "main"}),
    AuditEvent("tool_refused", "operator", {**TOOL, "tool": "http_get", "approver": None, "thread": "main"}),
    AuditEvent("approval_answered", "expired", {"tool": "x", "approved": False, "by": "expired", "thread": "main"}),
    AuditEvent(
        "memory_saved", "system", {"id": "m1", "path": "a.json", "why": "new", "changed": ["m0"], "thread": "main"}
    ),
    AuditEvent("memory_saved", "system", {"id": None, "changed": "odd", "thread": "main"}),
    AuditEvent("feedback_given", "human", {"score": 1.0, "comment": "\x1b[2Jgood", "thread": "main"}),
]
SHOWN = f"""\
Turn 1  {NOON.astimezone():%Y-%m-%d %H:%M:%S}  dual  q1
+0.000 s route          → coder + operator, by classifier, 0.87 sure
                        coder: sort [it]
+0.000 s model          coder → default.persona, fallback: down, 100+20 tokens, 3,000 ms
                        not first: timeout: too slow
+0.000 s approval       write_file: approved by human, medium risk, with other arguments, for good, why: fine
+0.000 s tool           write_file: done, medium risk, rule ask-first, let by human, 12 ms
+0.000 s refused        http_get: refused by the policy, medium risk, rule ask-first
+0.000 s approval       x: not approved by expired, unknown risk
+0.000 s memory         m1, a.json, new, changed: m0
+0.000 s memory         nothing kept
+0.000 s feedback_given score=1.0 comment=\\x1b[2Jgood
"""


def write(folder: Path, *events: AuditEvent) -> None:
    log = AuditLog(folder, FakeClock())
    for event in events:
        log.record(event)
    log.close()


def run(folder: Path, *arguments: str) -> Result:
    runner = CliRunner(env={"COLUMNS": "120"})
    obj: Any = SimpleNamespace(audit=folder)
    return runner.invoke(audit, ["replay", *arguments], obj=obj, catch_exceptions=False)


def test_every_decision_of_a_turn_is_a_line(tmp_path: Path) -> None:
    write(tmp_path, *EVENTS)
    lines = [line.rstrip() for line in run(tmp_path, "main").stdout.splitlines()]
    assert lines == SHOWN.splitlines()


def test_json_has_the_events_themselves(tmp_path: Path) -> None:
    write(tmp_path, *EVENTS, AuditEvent("feedback_given", "human", {"comment": "half \ud83d", "thread": "main"}))
    told = json.loads(run(tmp_path, "main", "--json").stdout)
    (turn,) = told["turns"]
    assert (told["thread"], told["broken"], turn["turn"], turn["id"]) == ("main", 0, 1, "q1")
    assert [event["event"] for event in turn["events"]] == [*(event.event for event in EVENTS), "feedback_given"]
    assert list(turn["events"][0]) == ["timestamp", "level", "category", "event", "actor", "details"]


def test_a_thread_that_is_not_there_and_lines_that_are_none_are_told(tmp_path: Path) -> None:
    (tmp_path / "2026-01-01.ndjson").write_text("half a li")
    result = run(tmp_path, "no\x1b")
    assert (result.exit_code, result.stdout) == (0, f"No event of the thread no\\x1b in {tmp_path}.\n")
    assert result.stderr == "Broken lines skipped: 1\n"


def test_odd_events_are_shown(tmp_path: Path) -> None:
    lines = [
        {"event": "route_decided", "details": {"thread": "main", "tasks": [1, {"task": 2}]}, "timestamp": 3},
        {"event": "llm_call", "details": {"thread": "main", "failed": [1, {}]}},
        {"event": None, "details": {"thread": "main", "mode": 7}},
        *({"event": name, "details": {"thread": "main"}} for name in ("tool_called", "tool_refused", "memory_saved")),
        {"event": "memories_recalled", "details": {"thread": "main", "memories": None}},
    ]
    (tmp_path / "2026-03-01.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = run(tmp_path, "main")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 10


def test_turns_of_a_twin_are_replayed_and_its_log_is_whole(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK, TALK], persona=["with milk", "black"]) as twin:
        twin.chat("how do you like your tea?")
        twin.chat("and coffee?")
    told = json.loads(in_process(tmp_path, "audit", "replay", "main", "--json").stdout)
    events = [[event["event"] for event in turn["events"]] for turn in told["turns"]]
    assert [sorted(of_turn[-2:]) for of_turn in events] == [["memory_saved", "short_term_changed"]] * 2
    for of_turn in events:  # recall runs beside the orchestrator: either may be first
        assert sorted(of_turn[:-2]) == ["llm_call", "llm_call", "memories_recalled", "route_decided"]
        assert [event for event in of_turn[:-2] if event != "memories_recalled"] == [
            "llm_call",
            "route_decided",
            "llm_call",
        ]
    assert in_process(tmp_path, "audit", "verify").returncode == 0
