"""The audit events of tools, and of what their owner says to them; see `metahuman.state.events`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metahuman.state.events import AuditEvent, Level


def tool_called(details: Mapping[str, Any]) -> AuditEvent:
    """A tool ran, or may have: with which risk, by which rule, who let it, and how it ended; never its arguments."""
    level: Level = "info" if details.get("ended") == "done" else "warn"
    return AuditEvent("tool_called", "operator", details, level, "action")


def tool_refused(details: Mapping[str, Any]) -> AuditEvent:
    """A call was refused, by a rule of the policy or by a person, and nothing ran; never its arguments."""
    return AuditEvent("tool_refused", "operator", details, "warn", "security")


def approval_answered(asked: Mapping[str, Any], approval: Mapping[str, Any]) -> AuditEvent:
    """A person, or the end of their time, has decided about a call; its arguments stand in no audit, only their names.

    Args:
        asked: The `state.approvals.Ask`.
        approval: The `state.acting.Approval`.
    """
    call, ruling = asked["call"], asked["ruling"]
    details = {
        "tool": call["tool"],
        "callId": call["id"],
        "risk": ruling["risk"],
        "rule": ruling["rule"],
        "approved": approval["approved"],
        "edited": approval["arguments"] != call["arguments"],
        "always": approval["always"],
        "by": approval["by"],
        "why": approval["why"],
        "thread": asked["thread"],
        "turn": asked["turn"],
    }
    return AuditEvent("approval_answered", approval["by"], details, category="security")


def trust_changed(mode: str, before: str, after: str, why: Sequence[str]) -> AuditEvent:
    """The owner changed how far the operator is trusted in a mode; `why` says what spoke for it."""
    details = {"mode": mode, "before": before, "after": after, "why": list(why)}
    return AuditEvent("trust_changed", "human", details, category="security")


def always_approved(tool: str, pattern: Mapping[str, str], thread: str | None) -> AuditEvent:
    """The owner lets calls like one of theirs be made for good; `pattern` has a glob for each argument that counts."""
    details = {"tool": tool, "arguments": sorted(pattern), "thread": thread}
    return AuditEvent("always_approved", "human", details, category="security")


def task_changed(task: str, changed: Sequence[str]) -> AuditEvent:
    """The owner changed a task at the command line."""
    return AuditEvent("task_changed", "human", {"id": task, "changed": list(changed)}, category="data")


def turn_undone(turn: str, thread: str | None, files: Sequence[Mapping[str, Any]]) -> AuditEvent:
    """The owner took back what a turn changed; `files` says what became of each."""
    return AuditEvent("turn_undone", "human", {"turn": turn, "thread": thread, "files": list(files)}, category="data")


def trash_restored(trash_id: str, path: str) -> AuditEvent:
    """The owner put something back from the trash."""
    return AuditEvent("trash_restored", "human", {"id": trash_id, "path": path}, category="data")


def trash_emptied(ids: Sequence[str]) -> AuditEvent:
    """The owner deleted what was in the trash for good."""
    return AuditEvent("trash_emptied", "human", {"ids": list(ids)}, category="data")
