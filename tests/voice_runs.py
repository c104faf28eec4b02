"""Training runs for tests: a tiny base, a few pairs, and a job."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from metahuman.state.files import make_folder
from metahuman.training.job import Base, Job, Source, TrainingSettings

#: What the pairs are of: a voice that is easily told from another.
LINES = (
    "Bread is best warm, my dear.",
    "The sea was grey today, and the wind was cold, so stay in, my dear.",
    "Bees hum so, my dear.",
    "Come in, my dear.",
)
#: Small, and quick to learn.
QUICK: dict[str, Any] = {"topLayers": None, "rank": 4, "epochs": 2, "batchTokens": 256, "learningRate": 0.02}


def pairs(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Return rows of a dataset."""
    return [_pair(number) for number in range(start, start + count)]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> dict[str, int | str]:
    """Write rows, and return what a card says of the file."""
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    make_folder(path.parent)
    path.write_bytes(data)
    return {"rows": len(rows), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def a_job(folder: Path, base: Base, *, count: int = 24, held_out: int = 6, **settings: Any) -> Job:
    """Write a run's folder, with its dataset beside it, and return its job."""
    data = folder.with_name(f"{folder.name}-data")
    files = {
        "train.jsonl": write_rows(data / "train.jsonl", pairs(count)),
        "held-out.jsonl": write_rows(data / "held-out.jsonl", pairs(held_out, 1000)),
    }
    job = Job(
        name="2026-05-17-120000-abcdef",
        created_at="2026-05-17T12:00:00.000Z",
        base=base,
        dataset=Source(name="one", folder=str(data), files=files, memory_ids=["evt-1", "evt-2"]),
        settings=TrainingSettings.model_validate(QUICK | settings),
    )
    job.write(make_folder(folder))
    return job


def a_base(path: Path = Path("base.gguf"), sha256: str = "ab" * 32) -> Base:
    """Return a base that need not be there."""
    return Base(model_id="embedded", model="tiny", path=str(path), sha256=sha256, architecture="llama")


def _pair(number: int) -> dict[str, Any]:
    about = {"sourceId": f"evt-{number}", "conversationId": f"talk-{number // 2}", "weight": 1.0}
    messages = [
        {"role": "user", "content": f"What of number {number}?"},
        {"role": "assistant", "content": LINES[number % len(LINES)]},
    ]
    return {"messages": messages, "metadata": about}
