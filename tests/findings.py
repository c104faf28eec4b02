"""Findings as tests need them."""

from __future__ import annotations

from metahuman.state.artifacts import Artifact
from metahuman.state.parts import Destination, Finding


def found(
    job: str,
    source: Destination = "coder",
    content: str = "done",
    *artifacts: Artifact,
    turn: str = "q1",
    error: str | None = None,
    part: list[int] | None = None,
) -> Finding:
    """Return what came of a job."""
    return Finding(
        turn=turn,
        job=job,
        source=source,
        task=f"task {job}",
        content=content,
        artifacts=[*artifacts],
        error=error,
        part=part,
        latencyMs=1.0,
    )
