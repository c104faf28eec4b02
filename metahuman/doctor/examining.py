"""All the looks, one after the other: each stands alone, so that a broken home is looked over too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from metahuman.doctor import data, models, place, program, settings, timers
from metahuman.doctor.finding import Check, Finding, Look, of_error, problem
from metahuman.home import Home
from metahuman.state.errors import MetaHumanError

CHECKS: Mapping[str, Check] = {
    "program": program.python,
    "packages": program.extras,
    "home": place.home,
    "permissions": place.permissions,
    "token": place.token,
    "disk": place.disk,
    "settings": settings.settings,
    "registry": settings.registry,
    "persona": settings.persona,
    "keys": settings.keys,
    "roles": models.roles,
    "models": models.downloads,
    "memory": models.memory,
    "memories": data.memories,
    "databases": data.databases,
    "audit": data.audit,
    "clock": data.clock,
    "locks": place.locks,
    "leftovers": place.leftovers,
    "agents": timers.timers,
}


@dataclass(frozen=True)
class Examined:
    """What one look found.

    Args:
        check: Which look.
        findings: What it found.
    """

    check: str
    findings: list[Finding]


def examine(home: Home, *, fix: bool = False, now: datetime | None = None) -> Iterator[Examined]:
    """Look a home and its machine over; yield what each look found. No model is asked to speak.

    Args:
        home: The home.
        fix: Whether permissions are tightened, and what crashes left is removed; nothing else is changed.
        now: The moment; by default this one.
    """
    look = Look(home, fix, now or datetime.now(UTC))
    for name, check in CHECKS.items():
        yield Examined(name, list(_guarded(check, look)))


def as_json(home: Home, examined: list[Examined]) -> dict[str, Any]:
    """Return what was found as one JSON object."""
    found = [finding.as_json(one.check) for one in examined for finding in one.findings]
    count = {level: sum(one["level"] == level for one in found) for level in ("problem", "warning")}
    return {"home": str(home.root), "problems": count["problem"], "warnings": count["warning"], "findings": found}


def _guarded(check: Check, look: Look) -> Iterator[Finding]:
    """Yield what a look finds, and last what kept it from going on."""
    try:
        yield from check(look)
    except MetaHumanError as error:
        yield of_error(error)
    except (OSError, sqlite3.Error) as error:
        yield problem(f"it could not be looked at: {error}", "check that the home can be read and written")
