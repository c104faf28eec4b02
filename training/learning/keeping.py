"""The state of an unfinished run, written down now and then: `checkpoints/state.pt`."""

from __future__ import annotations

import hashlib
import io
import pickle
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from metahuman.state.errors import StoreError
from metahuman.state.files import store_errors, write_atomic
from metahuman.training.job import CHECKPOINTS, JOB

FILE = "state.pt"
#: The number of this form of state.
FORM = 1
ANEW = "delete it, and the run begins anew"


@dataclass
class State:
    """How far a run is. Whatever is drawn by chance is drawn from the seed and the step, so both are in it too.

    Args:
        step: Steps that are done.
        seconds: That they took, with looking.
        tokens: That were learned from, padding not counted.
        losses: Of each step.
        looks: What was seen at each look: `step`, `heldOut`, `neutral`.
        best: Which of the looks was the best.
        stopped: Why it learns no more; "" while it does.
        adapter: The adapter's tensors, as they are.
        chosen: Those of the best look; None where they are the same.
        optimizer: The optimizer's state.
    """

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    losses: list[float] = field(default_factory=list)
    looks: list[dict[str, Any]] = field(default_factory=list)
    best: int = 0
    stopped: str = ""
    adapter: dict[str, Any] = field(default_factory=dict)
    chosen: dict[str, Any] | None = None
    optimizer: dict[str, Any] = field(default_factory=dict)


def keep(folder: Path, state: State) -> Path:
    """Write a state down, and return its file; a crash leaves the old one or the new one.

    Raises:
        StoreError: If it cannot be written.
    """
    data = io.BytesIO()
    torch.save({"form": FORM, "job": _job(folder), "state": {**vars(state)}}, data)
    path = folder / CHECKPOINTS / FILE
    write_atomic(path, data.getvalue())
    return path


def kept(folder: Path) -> State | None:
    """Return the state that a run goes on from; None if it begins.

    Raises:
        StoreError: If it cannot be read, or is another run's.
    """
    path = folder / CHECKPOINTS / FILE
    if not path.exists():
        return None
    with store_errors(path, ANEW):
        try:
            found = torch.load(path, map_location="cpu", weights_only=True)
            if (found["form"], found["job"]) != (FORM, _job(folder)):
                raise StoreError(path, "it is of another job than job.json says", ANEW)
            return State(**found["state"])
        except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError) as error:
            raise StoreError(path, "it is no whole checkpoint", ANEW) from error


def sweep(folder: Path) -> None:
    """Delete what one that was killed left half written.

    Raises:
        StoreError: If it cannot be deleted.
    """
    for left in (*folder.glob(".*.tmp"), *(folder / CHECKPOINTS).glob(".*.tmp")):
        with store_errors(left):
            left.unlink(missing_ok=True)


def drop(folder: Path) -> None:
    """Delete the state: the run is finished.

    Raises:
        StoreError: If it cannot be deleted.
    """
    with store_errors(folder / CHECKPOINTS):
        if (folder / CHECKPOINTS).exists():
            shutil.rmtree(folder / CHECKPOINTS)


def _job(folder: Path) -> str:
    with store_errors(folder / JOB, "check that it can be read"):
        return hashlib.sha256((folder / JOB).read_bytes()).hexdigest()
