"""The audit events: one function each, so that an event's name, level and fields are written down once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from typing_extensions import TypedDict

from metahuman.state.kept import Kept

Level = Literal["info", "warn", "error", "critical"]
Category = Literal["system", "decision", "action", "security", "data"]


@dataclass(frozen=True)
class AuditEvent:
    """What happened, before the log gives it a time.

    Args:
        event: The event's name.
        actor: Who did it: a role, `assistant` (the persona), `human` or `system`.
        details: The event's own fields, as JSON values with camelCase keys.
        level: How much it matters.
        category: Which kind of thing happened.
    """

    event: str
    actor: str
    details: Mapping[str, Any] = field(default_factory=dict)
    level: Level = "info"
    category: Category = "system"


class Tokens(TypedDict):
    """Tokens of one model call; `cached` counts those of the prompt that were not computed again."""

    prompt: int
    completion: int
    cached: int


class FailedTry(TypedDict):
    """One try at one model that came to nothing."""

    modelId: str
    provider: str
    model: str
    kind: str
    why: str
    tokens: Tokens
    cost: float
    latencyMs: float


class ModelCall(TypedDict):
    """One call of a role's model, as the audit, `/why` and the state of a turn tell it.

    `tokens` and `cost` are those of the model that answered; what came before it stands in `failed`.
    """

    role: str
    modelId: str | None
    provider: str | None
    model: str | None
    adapters: list[str]
    tokens: Tokens
    cost: float
    latencyMs: float
    firstTokenMs: float | None
    fallback: bool
    failed: list[FailedTry]
    why: str | None
    mode: str | None
    thread: str | None
    error: str | None


#: What a call's `error` says when whoever asked did not wait for the end.
CANCELLED = "cancelled"


def llm_call(call: ModelCall) -> AuditEvent:
    """One model call, answered or not; `warn` when a fallback answered or nobody waited, `error` when it failed."""
    failed = call["error"] not in (None, CANCELLED)
    level: Level = "error" if failed else "warn" if call["fallback"] or call["error"] else "info"
    actor = "assistant" if call["role"] == "persona" else call["role"]
    return AuditEvent("llm_call", actor, {**call}, level)


def route_decided(route: Mapping[str, Any], thread: str | None) -> AuditEvent:
    """Where a turn was sent, by whom, and how sure they were."""
    return AuditEvent("route_decided", "orchestrator", {**route, "thread": thread}, category="decision")


def memories_recalled(found: Mapping[str, float], latency: float, thread: str | None) -> AuditEvent:
    """What came to mind for a message: how well each memory fits, by its id, the best first; and in what time."""
    details = {"memories": dict(found), "latencyMs": latency, "thread": thread}
    return AuditEvent("memories_recalled", "system", details, category="decision")


def route_corrected(turn: str, was: Sequence[str], right: Sequence[str]) -> AuditEvent:
    """The owner said where a turn ought to have gone."""
    return AuditEvent(
        "route_corrected", "human", {"turn": turn, "was": list(was), "right": list(right)}, category="decision"
    )


def feedback_given(turn: str, score: float, comment: str, thread: str) -> AuditEvent:
    """The owner said how good an answer was: 1 is good, 0 is bad."""
    details = {"turn": turn, "score": score, "comment": comment, "thread": thread}
    return AuditEvent("feedback_given", "human", details, category="decision")


def route_retrained(details: Mapping[str, Any], *, kept: bool) -> AuditEvent:
    """The classifier was fitted anew to the owner's corrections, and kept if it was no worse."""
    return AuditEvent("route_retrained", "human", {**details, "kept": kept}, category="data")


def route_rolled_back(before: str, after: str) -> AuditEvent:
    """The owner went back to an earlier classifier."""
    return AuditEvent("route_rolled_back", "human", {"before": before, "after": after}, category="data")


def specialist_done(details: Mapping[str, Any]) -> AuditEvent:
    """One specialist's job: its model, lengths, tokens and time, what a check found, and whether it failed."""
    level: Level = "warn" if details.get("error") else "info"
    return AuditEvent("specialist_done", str(details.get("specialist")), details, level, "action")


def specialists_done(latencies: Sequence[float], failed: int, total: float) -> AuditEvent:
    """All specialists of a turn are done: `total` milliseconds after the first began, `latencies` of them each."""
    details = {
        "jobs": len(latencies),
        "failed": failed,
        "largestLatencyMs": max(latencies, default=0),
        "totalLatencyMs": round(total, 2),
    }
    return AuditEvent("specialists_done", "broker", details, "warn" if failed else "info", "action")


def memory_saved(kept: Kept, thread: str | None, actor: str = "system") -> AuditEvent:
    """A turn was remembered: in a memory of its own, or counted in an older one; why, and which others changed."""
    details = {"id": kept.id, "path": kept.place, "why": kept.why, "changed": kept.changed, "thread": thread}
    return AuditEvent("memory_saved", actor, details, category="data")


def memory_edited(memory_id: str, changed: Sequence[str]) -> AuditEvent:
    """The owner changed a memory; `changed` names the dotted keys that differ, not what they hold."""
    return AuditEvent("memory_edited", "human", {"id": memory_id, "changed": list(changed)}, category="data")


def memory_forgotten(memory_id: str, gone: Mapping[str, Any]) -> AuditEvent:
    """The owner had a memory forgotten; `gone` names what went with it and what still names it, never its words."""
    return AuditEvent("memory_forgotten", "human", {"id": memory_id, **gone}, category="data")


def memories_imported(path: str, counts: Mapping[str, Any]) -> AuditEvent:
    """The owner imported memories; `counts` says what became of them."""
    return AuditEvent("memories_imported", "human", {"path": path, **counts}, category="data")


def memories_exported(path: str, how: str | None, memories: int) -> AuditEvent:
    """The owner wrote memories to a place of their choice, in the clear."""
    details = {"path": path, "format": how, "memories": memories}
    return AuditEvent("memories_exported", "human", details, category="data")


def index_rebuilt(memories: int, broken: int) -> AuditEvent:
    """The index over the memories was made anew from their files."""
    return AuditEvent("index_rebuilt", "human", {"memories": memories, "broken": broken}, category="data")


def memories_migrated(target: str, moved: Mapping[str, Mapping[str, int]]) -> AuditEvent:
    """Memories and threads were copied to `target`: files, or a database; `moved` counts both, and what differs."""
    left = any(counts["same"] < counts["found"] for counts in moved.values())
    return AuditEvent("memories_migrated", "human", {"to": target, **moved}, "warn" if left else "info", "data")


def short_term_changed(changed: list[str], thread: str | None, actor: str = "system") -> AuditEvent:
    """The short-term state was written; `changed` names its keys, not their contents."""
    return AuditEvent("short_term_changed", actor, {"changed": changed, "thread": thread}, category="data")


def persona_cache_changed(changed: Mapping[str, Sequence[str]], actor: str) -> AuditEvent:
    """The persona cache was written; `changed` names, for each of its lists, what came, went or was counted."""
    details = {"changed": {key: list(names) for key, names in changed.items()}}
    return AuditEvent("persona_cache_changed", actor, details, category="data")


def persona_changed(file: str, changed: Sequence[str], actor: str) -> AuditEvent:
    """A file that says who the twin is was written; `changed` names the dotted keys that differ."""
    return AuditEvent("persona_changed", actor, {"file": file, "changed": list(changed)}, category="data")


def facet_changed(before: str, after: str, actor: str) -> AuditEvent:
    """The persona shows another facet."""
    return AuditEvent("facet_changed", actor, {"before": before, "after": after}, category="decision")


def home_initialised(written: list[str], kept: list[str]) -> AuditEvent:
    """`metahuman init` wrote these files and left those as they were."""
    return AuditEvent("home_initialised", "human", {"written": written, "kept": kept}, category="data")


def model_set_aside(provider: str, model: str | None, why: str, seconds: float) -> AuditEvent:
    """A model, or with `model` None every model of a server, failed and is not asked for so many seconds."""
    details = {"provider": provider, "model": model, "why": why, "seconds": seconds}
    return AuditEvent("model_set_aside", "system", details, "warn")


def model_back(provider: str, model: str | None) -> AuditEvent:
    """A model that was set aside has answered again."""
    return AuditEvent("model_back", "system", {"provider": provider, "model": model})


def model_loaded(provider: str, model: str, why: str, milliseconds: float) -> AuditEvent:
    """A model was brought into memory ahead of its first call."""
    return AuditEvent("model_loaded", "system", {"provider": provider, "model": model, "why": why, "ms": milliseconds})


def model_unloaded(provider: str, model: str, why: str) -> AuditEvent:
    """A model was taken out of memory."""
    return AuditEvent("model_unloaded", "system", {"provider": provider, "model": model, "why": why})


def model_evicted(provider: str, model: str, by: str) -> AuditEvent:
    """A server took a model out of memory to make room for the model `by`, which is not asked there any more."""
    return AuditEvent("model_evicted", "system", {"provider": provider, "model": model, "by": by}, "warn")


def adapter_loaded(model_id: str, provider: str, adapters: list[str], how: str, milliseconds: float) -> AuditEvent:
    """Adapters were made ready: loaded into a running server, or baked into a model of their own."""
    details = {"modelId": model_id, "provider": provider, "adapters": adapters, "how": how, "ms": milliseconds}
    return AuditEvent("adapter_loaded", "system", details)


def adapter_swapped(call: ModelCall, before: list[str], milliseconds: float) -> AuditEvent:
    """A base spoke with other adapters than the time before; `ms` is the time to its first token with them."""
    details = {key: call[key] for key in ("role", "modelId", "provider", "model", "thread")}
    swap = {"before": before, "after": call["adapters"], "ms": milliseconds}
    return AuditEvent("adapter_swapped", "system", {**details, **swap})


def mode_changed(before: str, after: str, actor: str) -> AuditEvent:
    """The owner's cognitive mode was switched."""
    return AuditEvent("mode_changed", actor, {"before": before, "after": after}, category="decision")


def registry_loaded(path: str, version: str) -> AuditEvent:
    """A changed model registry is in force."""
    return AuditEvent("registry_loaded", "system", {"path": path, "version": version}, category="data")


def registry_refused(path: str, problem: str) -> AuditEvent:
    """A changed model registry cannot be used; the one before it stays in force."""
    return AuditEvent("registry_refused", "system", {"path": path, "problem": problem}, "error", "data")
