"""The voices of a home, as the command line and the page list them."""

from __future__ import annotations

from typing import Any

from metahuman.home import Home
from metahuman.models.registry import Registry
from metahuman.voice.findings import findings_of
from metahuman.voice.gate import gate
from metahuman.voice.history import changes
from metahuman.voice.runs import Run, look
from metahuman.voice.standing import forgotten_of, standing


def listed(home: Home, registry: Registry) -> dict[str, Any]:
    """Return the voices, the newest first, what was changed with them, and a line for each file that is broken.

    Args:
        home: The home.
        registry: Its registry.
    """
    found = look(home)
    return {
        "voices": [_told(run, registry) for run in found.runs],
        "problems": found.problems,
        "changes": [one.as_json() for one in changes(home)],
    }


def _told(run: Run, registry: Registry) -> dict[str, Any]:
    found, where = findings_of(run.evaluation), standing(registry, run.folder)
    passed = gate(run, registry, thorough=False)
    losses, ids = (run.card or {}).get("losses"), forgotten_of(run.folder)
    return {
        "run": run.name,
        "createdAt": run.job.created_at,
        "dataset": run.job.dataset.name,
        "base": run.job.base.model_id,
        "finished": run.finished,
        "losses": losses if isinstance(losses, dict) else {},
        "score": found.voice._asdict() if found and found.voice else None,
        "passes": passed.passes,
        "failing": [one.name for one in passed.failing],
        "registered": where.model_ids,
        "inForce": where.modes,
        "forgotten": ids if ids is None else sorted(ids),
    }
