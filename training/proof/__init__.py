"""What an adapter is worth: the voice it has, what it forgot, and what it gives away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def prove(folder: Path, tell: Callable[..., None]) -> dict[str, Any]:
    """Prove a run's adapter; see `proving.prove`. Imported late: who only reads texts need not wait for torch."""
    from metahuman.training.proof.proving import prove as run

    return run(folder, tell)
