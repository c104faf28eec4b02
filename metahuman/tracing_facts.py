"""What a trace tells of a run although its payloads stay here: who answered, how many tokens, where a turn went."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from metahuman.state.events import ModelCall

#: Set to 1, traces hold messages, prompts, memories and answers too.
PAYLOADS = "METAHUMAN_TRACE_PAYLOADS"
#: An error's text may quote what was said; its kind stands before the first character that is in no name.
_KIND = re.compile(r"[\w.]+")


def payloads_allowed() -> bool:
    """Tell whether the owner lets traces hold what was said and remembered."""
    return os.environ.get(PAYLOADS, "").lower() in ("1", "true")


def facts_of_call(call: ModelCall) -> dict[str, Any]:
    """Return what may be told of a model call: never why one failed, which may quote an answer."""
    told = ("role", "modelId", "provider", "model", "adapters", "fallback", "cost", "firstTokenMs", "mode", "thread")
    return {key: call[key] for key in told if call[key] not in (None, [])}  # type: ignore[literal-required]


def facts_of_step(outputs: Any) -> dict[str, Any]:
    """Return what may be told of a turn or of a step of one: where it went, which tool was called, how that ended.

    Args:
        outputs: The state of the turn, or the keys that the step changed; anything else tells nothing.
    """
    if not isinstance(outputs, Mapping):
        return {}
    facts: dict[str, Any] = {}
    if isinstance(route := outputs.get("route"), Mapping) and route.get("tasks"):
        facts["route"] = list(dict.fromkeys(task["destination"] for task in route["tasks"]))
        facts["decidedBy"] = route["decidedBy"]
    steps = outputs.get("steps")
    if "messages" not in outputs and isinstance(steps, list) and steps:  # a step's own call, not all of a turn's
        last = steps[-1]
        facts |= {"tool": last["call"]["tool"], "ended": last["ended"], "verdict": last["ruling"]["verdict"]}
    return facts


def kind_of(error: str) -> str:
    """Return which kind of error a text tells of, without what it says."""
    found = _KIND.match(error)
    return found.group() if found else "error"
