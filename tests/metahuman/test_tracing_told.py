"""Tests of what a run may tell: facts stay, payloads go."""

from __future__ import annotations

from typing import Any

import pytest

from metahuman.tracing_client import told
from metahuman.tracing_facts import facts_of_step, kind_of

SECRET = "zanzibar-4711"
CALL: dict[str, Any] = {
    "role": "coder",
    "modelId": "local.coder",
    "provider": "ollama",
    "model": "qwen",
    "adapters": [],
    "tokens": {"prompt": 7, "completion": 3, "cached": 0},
    "cost": 0.0,
    "latencyMs": 5.0,
    "firstTokenMs": None,
    "fallback": True,
    "failed": [],
    "why": f"the first said {SECRET}",
    "mode": "dual",
    "thread": "main",
    "error": None,
}


def test_a_model_call_tells_who_answered_and_nothing_that_was_said() -> None:
    message = {"content": SECRET, "response_metadata": {"modelCall": CALL}}
    run = {
        "name": "RoleChatModel",
        "run_type": "llm",
        "inputs": {"messages": SECRET},
        "outputs": {"generations": [[{"message": {"kwargs": message}, "text": SECRET}]]},
        "events": [{"name": "new_token", "time": "now", "kwargs": {"token": SECRET}}],
        "serialized": {"repr": SECRET},
        "attachments": {"file": SECRET},
        "extra": {
            "invocation_params": {"tools": SECRET},
            "metadata": {
                "role": "coder",
                "ls_provider": "rolechat",
                "mine": SECRET,
                "usage_metadata": {"input_tokens": 7},
            },
        },
    }
    bare = told(run, payloads=False)
    assert SECRET not in repr(bare)
    assert (bare["name"], bare["outputs"]) == ("coder", {"usage_metadata": {"input_tokens": 7}})
    known = bare["extra"]["metadata"]
    assert (known["ls_provider"], known["ls_model_name"], known["fallback"]) == ("ollama", "qwen", True)
    assert SECRET in repr(run), "what the tracer keeps is not changed"
    whole = told(run, payloads=True)
    assert (whole["inputs"], whole["extra"]["metadata"]["ls_model_name"]) == ({"messages": SECRET}, "qwen")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (f"GraphInterrupt((Interrupt(value={{'call': '{SECRET}'}}),))", "GraphInterrupt"),
        (f"BadAnswer('{SECRET}')Traceback (most recent call last): ...", "BadAnswer"),
        (f" {SECRET}", "error"),
    ],
)
def test_an_error_tells_its_kind(error: str, kind: str) -> None:
    assert kind_of(error) == kind
    assert SECRET not in repr(told({"error": error}, payloads=False))


def test_a_step_tells_its_tool_and_a_turn_its_route() -> None:
    ruling = {"verdict": "allow", "rule": "low", "why": SECRET, "risk": "low"}
    step = {"call": {"id": "1", "tool": "fs_read", "arguments": {"path": SECRET}}, "ruling": ruling, "ended": "done"}
    assert facts_of_step({"pending": [], "steps": [step]}) == {"tool": "fs_read", "ended": "done", "verdict": "allow"}
    route = {"tasks": [{"destination": "operator", "task": SECRET}], "decidedBy": "rule"}
    turn = facts_of_step({"messages": [], "steps": [step], "route": route})
    assert turn == {"route": ["operator"], "decidedBy": "rule"}
    assert facts_of_step(None) == facts_of_step([1]) == facts_of_step({"route": None, "steps": []}) == {}
