"""Runs of training for tests, made of files: nothing is trained, and what is in the adapter is nobody's voice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from metahuman.home import Home
from metahuman.training.job import Base, Job, Source, TrainingSettings
from metahuman.voice.blind import Pair, Sheet
from metahuman.voice.comparing import id_of
from metahuman.voice.questions import questions
from metahuman.voice.runs import Run, find_run
from tests.fakes import registry_content
from tests.homes import write_registry

NAME = "2026-05-17-120000-aaaaaa"
#: What was said to the owner and is held out, and how they answered what was trained on.
HELD_OUT = ["Do you like rain?", "Why do you bake?", "What is a river?"]
OWN = ["Rain is the garden's own handwriting.", "I bake because bread forgives."]


def a_home(root: Path, **sections: Any) -> Home:
    """Return a home whose roles have a scripted model each, the persona's being the base of voices."""
    write_registry(root, registry_content(**sections))
    return Home(root)


def a_run(home: Home, name: str = NAME, **changed: Any) -> Run:
    """Write a finished run that passes the gate, unless something is `changed`; return it.

    Args:
        home: The home; its registry has the base as `persona`.
        name: The run's name.
        changed: `report` and `card` lie over what is written there, key by key; `memory_ids` are those of its dataset.
    """
    folder = home.root / "out" / "adapters" / name[:10] / name
    dataset, base = home.root / "out" / "datasets" / "one", home.root / "base.gguf"
    for path, data in {
        folder / "adapter.gguf": f"GGUF {name}".encode(),
        folder / "adapter" / "adapter_model.safetensors": b"tensors",
        base: b"GGUF base",
        dataset / "held-out.jsonl": _rows(HELD_OUT, ["It is."] * len(HELD_OUT)),
        dataset / "train.jsonl": _rows(["Hm?"] * len(OWN), OWN),
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    ids = changed.get("memory_ids", ["evt-1", "evt-2"])
    job = Job(
        name=name,
        created_at=f"{name[:10]}T12:00:00.000Z",
        base=Base(model_id="persona", model="persona", path=str(base), sha256=_digest(base), architecture="llama"),
        dataset=Source(name="one", folder=str(dataset), files={}, memory_ids=ids),
        settings=TrainingSettings(),
    )
    job.write(folder)
    told = json.loads((folder / "job.json").read_bytes())
    files = {one: {"sha256": _digest(folder / one)} for one in ("adapter.gguf", "adapter/adapter_model.safetensors")}
    losses = {"heldOutBase": 3.25, "heldOut": 2.5}
    card = {
        "name": name,
        "job": told,
        "files": files,
        "memoryIds": ids,
        "losses": losses,
        "finishedAt": told["createdAt"],
    }
    _write(folder / "card.json", card | changed.get("card", {}))
    _write(folder / "evaluation" / "report.json", a_report(folder) | changed.get("report", {}))
    return find_run(home, name)


def a_report(folder: Path) -> dict[str, Any]:
    """Return what an evaluation finds of a voice that is as it should be."""
    return {
        "ggufSha256": _digest(folder / "adapter.gguf"),
        "voice": {
            "score": {"adapter": _figure(0.6, 0.5, 0.7), "base": _figure(0.2, 0.1, 0.3)},
            "gain": _figure(0.4, 0.2, 0.6),
            "flags": {"adapter": [], "base": []},
        },
        "perplexity": {"neutral": {"change": _figure(0.03, 0.01, 0.05)}},
        "leaks": {"reported": []},
    }


def an_ab(run: Run, count: int = 8) -> Path:
    """Write answers to everything that `count` prompts ask, so that no model needs to be asked; return their file."""
    pairs = [
        Pair(id=id_of(one.prompt), prompt=one.prompt, origin=one.origin, voice=f"VOICE {at}.", base=f"BASE {at}.")
        for at, one in enumerate(questions(run, count, seed=7))
    ]
    sheet = Sheet(
        run=run.name,
        adapter=_digest(run.gguf),
        model_id=run.job.base.model_id,
        seed=7,
        created_at=run.job.created_at,
        pairs=pairs,
    )
    path = run.folder / "evaluation" / "ab.json"
    _write(path, sheet.model_dump(mode="json", by_alias=True))
    return path


def _figure(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def _rows(said: list[str], answered: list[str]) -> bytes:
    pairs = zip(said, answered, strict=True)
    rows = [
        {
            "messages": [{"role": "user", "content": one}, {"role": "assistant", "content": other}],
            "metadata": {"sourceId": f"evt-{number}", "weight": 1 / (number + 1)},
        }
        for number, (one, other) in enumerate(pairs)
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
