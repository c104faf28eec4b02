"""The audit events of what the twin does with its memories by itself; see `metahuman.state.events`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from metahuman.state.curating import Looked
from metahuman.state.digesting import Changes, Item, Refused
from metahuman.state.events import AuditEvent, Level


def memory_curated(looked: Looked, replaced: list[str]) -> AuditEvent:
    """The curator has looked at a memory: what became of it, why, and by whom; never its words.

    Args:
        looked: What became of it.
        replaced: What its model had invented, by key, and rules took from the memory instead.
    """
    details = {key: looked[key] for key in ("id", "fate", "refused", "flags", "by")}
    level: Level = "warn" if looked["fate"] == "again" else "info"
    return AuditEvent("memory_curated", "curator", {**details, "replaced": replaced}, level, "data")


def curation_done(counts: Mapping[str, Any]) -> AuditEvent:
    """A run of the curator is over; `counts` has memories by fate, refusals by reason, and how many pairs there are."""
    return AuditEvent("curation_done", "curator", counts, category="data")


def agent_started(agent: str, failures: int) -> AuditEvent:
    """An agent began to work by itself; `failures` counts those before it in a row, of which it is the next try."""
    return AuditEvent("agent_started", "system", {"agent": agent, "failures": failures})


def agent_ended(agent: str, ended: str, told: str, took: float) -> AuditEvent:
    """An agent's run came to an end.

    Args:
        agent: Its name.
        ended: `done`, `failed`, `stopped` or `skipped`.
        told: What came of it, or why nothing did.
        took: Milliseconds.
    """
    level: Level = "warn" if ended == "failed" else "info"
    return AuditEvent("agent_ended", "system", {"agent": agent, "ended": ended, "told": told, "ms": round(took)}, level)


def agent_skipped(agent: str, why: str) -> AuditEvent:
    """An agent was due and did not run: another process runs it."""
    return AuditEvent("agent_skipped", "system", {"agent": agent, "why": why})


def agent_switched(agent: str, *, on: bool) -> AuditEvent:
    """The owner switched an agent on or off."""
    return AuditEvent("agent_switched", "human", {"agent": agent, "enabled": on})


def digest_done(memories: int, items: Sequence[Item], refused: Sequence[Refused], changes: Changes) -> AuditEvent:
    """The digest has looked back on so many memories.

    Args:
        memories: How many.
        items: What keeps coming up in them.
        refused: What was not believed, or not read.
        changes: What that changed in the persona cache.
    """
    details = {
        "memories": memories,
        "found": dict(Counter(item["kind"] for item in items)),
        "refused": dict(Counter(one["reason"] for one in refused)),
        "changed": {key: len(names) for key, names in changes["changed"].items()},
        "forgotten": len(changes["forgotten"]),
    }
    unread = any(one["kind"] == "part" for one in refused)
    return AuditEvent("digest_done", "curator", details, "warn" if unread else "info", "data")


def dreamt(kind: str, memory_id: str, sources: Sequence[str], model: str) -> AuditEvent:
    """The twin dreamt, or reflected: which memory that became, of which memories it was made, and whose words it is."""
    details = {"kind": kind, "id": memory_id, "sources": list(sources), "model": model}
    return AuditEvent("dreamt", "dreamer" if kind == "dream" else "assistant", details, category="data")


def dataset_built(card: Mapping[str, Any]) -> AuditEvent:
    """The owner had a dataset built; of its card, what is in it and where the rest went, never ids or words."""
    details = {key: card[key] for key in ("name", "chosen", "sides", "leftOut", "files")}
    return AuditEvent("dataset_built", "human", details, category="data")


def curated_reviewed(memory_id: str, verdict: str, held_back: list[str]) -> AuditEvent:
    """The owner had their say about a curated memory: `keep`, `edit` or `drop`; `held_back` is why they were asked."""
    details = {"id": memory_id, "verdict": verdict, "heldBack": held_back}
    return AuditEvent("curated_reviewed", "human", details, category="data")
