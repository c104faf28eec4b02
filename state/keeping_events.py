"""The audit events of a home's backups; see `metahuman.state.events`."""

from __future__ import annotations

from metahuman.state.events import AuditEvent


def home_backed_up(target: str, files: int, size: int, *, sealed: bool) -> AuditEvent:
    """The home was written into one file; `size` is what its files have in bytes."""
    details = {"target": target, "files": files, "bytes": size, "sealed": sealed}
    return AuditEvent("home_backed_up", "human", details, category="security")


def home_restored(source: str, made_at: str, files: int, size: int) -> AuditEvent:
    """The home was made from a backup of `made_at`: the audit goes on from there."""
    details = {"source": source, "madeAt": made_at, "files": files, "bytes": size}
    return AuditEvent("home_restored", "human", details, "warn", "security")
