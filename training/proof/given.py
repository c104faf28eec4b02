"""What a proof is made from: the dataset's rows, the samples, planted canaries, other authors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metahuman.state.errors import SettingError
from metahuman.state.files import digest_of, store_errors, whole
from metahuman.training.job import EVALUATION, GGUF, Job
from metahuman.training.learning.rows import HELD_OUT, TRAIN
from metahuman.training.proof.texts import OTHERS, Unit, authors, unit

SAMPLES, CANARIES, AUTHORS = "samples.jsonl", "canaries.jsonl", "others"
REMEDY = "mend that line, or delete the file and run `metahuman persona eval` again"


@dataclass(frozen=True)
class Given:
    """What is proved with.

    Args:
        trained: The rows that were trained on, as their file has them.
        held_out: Those that were not.
        samples: What the served model said with this adapter: `prompt`, `group`, `base` and `adapter` of each.
        canaries: Secrets that were planted: `prompt`, `before` and `secret` of each.
        others: Other authors' texts by name.
    """

    trained: list[dict[str, Any]]
    held_out: list[dict[str, Any]]
    samples: list[dict[str, Any]]
    canaries: list[dict[str, Any]]
    others: dict[str, list[Unit]]

    def answers(self) -> dict[str, list[str]]:
        """Return what was said to the samples' prompts, by model."""
        names = ("base", "adapter") if self.samples else ()
        return {name: [str(line.get(name) or "") for line in self.samples] for name in names}


def read(job: Job, folder: Path) -> Given:
    """Read what a run is proved with.

    Raises:
        SettingError: If a line is not as it should be; the error names it.
        StoreError: If a file cannot be read.
    """
    dataset, evaluation = folder / job.dataset.folder, folder / EVALUATION
    trained, held_out = (_lines(dataset / name, "messages") for name in (TRAIN, HELD_OUT))
    adapter = digest_if_there(folder / GGUF)
    samples = [line for line in _lines(evaluation / SAMPLES, "prompt") if line.get("ggufSha256", adapter) == adapter]
    canaries = _lines(evaluation / CANARIES, "secret")
    return Given(trained, held_out, samples, canaries, authors(OTHERS, evaluation / AUTHORS))


def digest_if_there(path: Path) -> str | None:
    """Return the sha256 of a file; None if there is none.

    Raises:
        StoreError: If it cannot be read.
    """
    return digest_of(path) if path.exists() else None


def answers_of(rows: Sequence[Mapping[str, Any]]) -> list[Unit]:
    """Return the answers of a dataset's rows, by their conversations."""
    return [unit(str(row["messages"][-1]["content"]), talk_of(row, number)) for number, row in enumerate(rows)]


def talk_of(row: Mapping[str, Any], number: int) -> str:
    """Return the conversation that a row is from; one without counts as a conversation of its own."""
    about = row.get("metadata")
    talk = about.get("conversationId") or about.get("sourceId") if isinstance(about, dict) else None
    return str(talk or number)


def _lines(path: Path, needed: str) -> list[dict[str, Any]]:
    with store_errors(path, "check that it can be read"):
        lines = path.read_bytes().splitlines() if path.exists() else []
    return [_line(path, number, line, needed) for number, line in enumerate(lines, start=1) if line.strip()]


def _line(path: Path, number: int, line: bytes, needed: str) -> dict[str, Any]:
    try:
        value = whole(json.loads(line))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not _has(value, needed):
        raise SettingError(path, f"line {number}", f"it has no {needed}", REMEDY)
    return value


def _has(value: Mapping[str, Any], needed: str) -> bool:
    found = value.get(needed)
    if needed != "messages":
        return isinstance(found, str)
    return (
        isinstance(found, list) and len(found) > 1 and all(isinstance(one, dict) and "content" in one for one in found)
    )
