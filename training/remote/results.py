"""What comes back from another machine: the files that a run's card names, if they are what it promises."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from metahuman.state.files import store_errors, write_atomic, write_json
from metahuman.training.job import CARD, GGUF, PEFT, Job, read_job
from metahuman.training.remote.errors import RemoteFailed

#: The only files that are taken.
TAKEN = (f"{PEFT}/", GGUF, "loss.png")


def adopt(run: Path, back: Path) -> list[str]:
    """Take what came of a run from a folder that another program has brought here; return the names of the files.

    Args:
        run: The run's folder.
        back: The folder with what came back; of it, only what the card names is taken, if it is as the card says.

    Raises:
        RemoteFailed: If there is no card of this run, or a file is not as it promises.
        StoreError: If something cannot be read or written.
    """
    job = read_job(run)
    with store_errors(back / CARD, "run the job to its end"):
        card = card_of((back / CARD).read_bytes(), job)
    for name, promised in card["files"].items():
        with store_errors(back / name, "bring it here again"):
            data = b"" if (back / name).is_symlink() else (back / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != promised["sha256"]:
            raise RemoteFailed(f"{back / name} is not what its card promises; bring it here again")
        write_atomic(run / name, data)
    write_card(run, job, card)
    return [*sorted(card["files"]), CARD]


def write_card(run: Path, job: Job, card: Mapping[str, Any]) -> None:
    """Write the card, with what did not leave this machine: places, and the ids of memories."""
    own = {"job": job.model_dump(mode="json", by_alias=True), "memoryIds": job.dataset.memory_ids}
    write_json(run / CARD, {**card, **own})


def card_of(data: bytes, job: Job) -> dict[str, Any]:
    """Return the card of a run that was trained there.

    Raises:
        RemoteFailed: If it is none, belongs to another run, or names files that are not taken.
    """
    try:
        card = json.loads(data)
        files = {str(name): dict(told) for name, told in card["files"].items()}
        sound = card["job"]["name"] == job.name and all(_taken(name, told) for name, told in files.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise RemoteFailed(f"{CARD} on the other machine is not that of run {job.name}; nothing was taken from there")
    return {**card, "files": files}


def _taken(name: str, told: Mapping[str, Any]) -> bool:
    place, size, sha256 = PurePosixPath(name), told.get("bytes"), told.get("sha256")
    inside = not place.is_absolute() and ".." not in place.parts and str(place) == name and name.startswith(TAKEN)
    hexadecimal = isinstance(sha256, str) and len(sha256) == 64 and not set(sha256) - set("0123456789abcdef")
    return inside and hexadecimal and isinstance(size, int) and size >= 0
