"""The audit events of voices that are trained elsewhere, and of the whole cycle; see `metahuman.state.events`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metahuman.state.events import AuditEvent, Level


def training_sent(run: str, host: str, sent: Mapping[str, Any]) -> AuditEvent:
    """The owner let a dataset leave this machine.

    Args:
        run: The training run.
        host: Where it goes.
        sent: How many `pairs`, `files` and `bytes`; never their words.
    """
    return AuditEvent("training_sent", "human", {"run": run, "host": host, **sent}, "warn", "security")


def training_fetched(run: str, host: str, files: Mapping[str, str]) -> AuditEvent:
    """What was trained elsewhere is here; `files` has the digest of each."""
    return AuditEvent("training_fetched", "system", {"run": run, "host": host, "files": dict(files)}, category="data")


def pod_created(name: str, pod: str, run: str, price: float) -> AuditEvent:
    """A machine was rented; `price` is in US dollars an hour."""
    details = {"name": name, "pod": pod, "run": run, "pricePerHour": price}
    return AuditEvent("pod_created", "human", details, "warn", "action")


def pod_terminated(name: str, pod: str | None, why: str) -> AuditEvent:
    """A rented machine was given back; one of an earlier run that died is a warning."""
    level: Level = "warn" if why == "orphan" else "info"
    return AuditEvent("pod_terminated", "system", {"name": name, "pod": pod, "why": why}, level, "action")


def cycle_step(step: str, ended: str, told: str) -> AuditEvent:
    """A step of the cycle came to an end: `done`, `failed` or `stopped`, and what came of it in one line."""
    level: Level = "warn" if ended == "failed" else "info"
    return AuditEvent("cycle_step", "system", {"step": step, "ended": ended, "told": told}, level, "data")
