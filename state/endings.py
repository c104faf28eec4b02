"""How a specialist's job ended: as a finding of the turn, and in the audit's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metahuman.state.briefing import SpecialistJob
from metahuman.state.crafts import Product
from metahuman.state.parts import Finding, TurnCall


def finding_of(job: SpecialistJob, made: Product, error: str | None, took: float) -> Finding:
    """Return what a job brought the turn.

    Args:
        job: The job.
        made: What came of it.
        error: Why there is nothing, or not all.
        took: Milliseconds.
    """
    return Finding(
        turn=job["turn"],
        job=job["job"]["id"],
        source=job["specialist"],
        task=job["job"]["task"],
        content=made.content,
        artifacts=made.artifacts,
        error=error,
        part=job["job"]["part"],
        latencyMs=took,
    )


def shortfall(job: SpecialistJob, made: Product) -> str | None:
    """Return why nothing came of an answer, or not all that was wanted; None if it did."""
    if made.artifacts or (job["job"]["part"] and made.content):
        return job["lacks"] or None
    return made.problem or "nothing that it wrote could be used"


def details_of(
    job: SpecialistJob, made: Product, calls: Sequence[TurnCall], error: str | None, took: float
) -> dict[str, Any]:
    """Return what the audit is told of a job: lengths in characters, and never what was written.

    Args:
        job: The job.
        made: What came of it.
        calls: The model calls it took, the last of which made what there is.
        error: Why there is nothing, or not all.
        took: Milliseconds.
    """
    tokens = [entry["call"]["tokens"] for entry in calls]
    return {
        "specialist": job["specialist"],
        "model": calls[-1]["call"]["model"] if calls else None,
        "description": job["job"]["task"],
        "part": job["job"]["part"],
        "inputLength": len(job["source"] or job["message"]),
        "outputLength": len(made.content),
        "tokens": {kind: sum(each[kind] for each in tokens) for kind in ("prompt", "completion")},
        "tries": len(calls),
        "problem": made.problem,
        "latencyMs": took,
        "error": error,
    }
