"""The card of a run: everything needed to do it again, and how it went."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.state.files import described
from metahuman.state.moments import iso
from metahuman.training.job import GGUF, PEFT, Job
from metahuman.training.learning.drawing import PICTURE
from metahuman.training.learning.keeping import State
from metahuman.training.learning.loading import Loaded
from metahuman.training.learning.rows import Row
from metahuman.training.learning.steps import Rows
from metahuman.training.learning.templates import Template

#: The number of this form of card.
FORM = 1
PACKAGES = ("metahuman", "torch", "transformers", "peft", "gguf")


class Went(NamedTuple):
    """How a run went.

    Args:
        state: Its state at the end.
        rows: What it was given.
        steps: How many steps there could have been.
        base: What it learned on top of.
        finished: When it was over.
    """

    state: State
    rows: Rows
    steps: int
    base: Loaded
    finished: datetime


def card_of(job: Job, folder: Path, went: Went, exported: Mapping[str, Any]) -> dict[str, Any]:
    """Return a card.

    Args:
        job: What was to be done.
        folder: The run's folder.
        went: How it went.
        exported: What the export found: `equality`, and whatever else it tells.
    """
    state, machine = went.state, went.base.machine
    others = {key: value for key, value in exported.items() if key != "files"}
    return {
        "name": job.name,
        "form": FORM,
        "createdAt": job.created_at,
        "finishedAt": iso(went.finished),
        "job": job.model_dump(mode="json", by_alias=True),
        "versions": _versions(),
        "machine": machine.told() | {"system": platform.platform(), "unsloth": went.base.fast},
        "template": Template(went.base.tokenizer).name,
        "seconds": round(state.seconds, 1),
        "steps": state.step,
        "epochsRun": round(job.settings.epochs * state.step / went.steps, 2),
        "tokens": state.tokens,
        "rows": {"train": _counted(went.rows.train), "heldOut": _counted(went.rows.held_out)},
        "losses": _losses(state, went.steps // job.settings.epochs),
        "looks": state.looks,
        "stopped": state.stopped,
        **others,
        "files": _files(folder),
        "memoryIds": job.dataset.memory_ids,
    }


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:  # on a machine that was only sent what training needs
        return "unknown"


def _counted(rows: list[Row]) -> dict[str, int]:
    return {"pairs": len(rows), "tokens": sum(row.length for row in rows), "cut": sum(row.cut for row in rows)}


def _losses(state: State, epoch: int) -> dict[str, float | None]:
    """Return the losses in nats a token: of the last epoch's steps, and of the base and the adapter that was kept."""
    first, best = state.looks[0], state.looks[state.best if state.chosen is not None else -1]
    last = state.losses[-max(1, epoch) :]
    return {
        "train": sum(last) / max(1, len(last)),
        "heldOutBase": first["heldOut"],
        "heldOut": best["heldOut"],
        "neutralBase": first["neutral"],
        "neutral": best["neutral"],
    }


def _files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the size and digest of what a run gives."""
    paths = [*sorted((folder / PEFT).glob("*")), folder / GGUF, folder / PICTURE]
    return {path.relative_to(folder).as_posix(): described(path) for path in paths if path.is_file()}
