"""Runs to be trained on another machine, and a trainer that is quick: it learns nothing, and goes on where it was.

Run as a program in the folder of a job, it is that trainer: `python tests/elsewhere.py STEPS [fail|wait STEP]`. It
fails after a step, or waits there until there is a file `go`.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

ROWS = [
    {
        "messages": [{"role": "user", "content": f"What of {n}?"}, {"role": "assistant", "content": f"Of {n}, much."}],
        "metadata": {"sourceId": f"evt-{n}", "timestamp": "2026-05-17T12:00:00.000Z", "weight": 0.5, "split": "train"},
    }
    for n in range(20)
]


def a_run(home: Path, name: str = "2026-11-23-120000-abcdef") -> Path:
    """Make a dataset, a base model that is none, and the folder of a run that is to be trained; return that."""
    from metahuman.training.job import Base, Job, Source, TrainingSettings

    dataset = home / "out" / "datasets" / "spring"
    dataset.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row).encode() + b"\n" for row in ROWS]
    for file, part in {"train.jsonl": lines[:16], "held-out.jsonl": lines[16:]}.items():
        (dataset / file).write_bytes(b"".join(part))
    base = home / "base.gguf"
    base.write_bytes(bytes(range(256)) * 3000)
    run = home / "out" / "adapters" / "2026-11-23" / name
    run.mkdir(parents=True, exist_ok=True)
    files: dict[str, dict[str, int | str]] = {path.name: told(path) for path in sorted(dataset.glob("*.jsonl"))}
    Job(
        name=name,
        created_at="2026-11-23T12:00:00.000Z",
        base=Base(
            model_id="embedded",
            model="m",
            path=str(base),
            sha256=hashlib.sha256(base.read_bytes()).hexdigest(),
            architecture="llama",
        ),
        dataset=Source(
            name="spring",
            folder=str(dataset),
            files=files,
            memory_ids=sorted(row["metadata"]["sourceId"] for row in ROWS),
        ),
        settings=TrainingSettings(),
    ).write(run)
    return run


def told(path: Path) -> dict[str, int | str]:
    """Return rows, bytes and digest of a file."""
    data = path.read_bytes()
    return {"rows": data.count(b"\n"), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def trainer(steps: int = 5, then: str = "") -> str:
    """Return the command that runs the quick trainer."""
    return f"{sys.executable} -S {Path(__file__).resolve()} {steps} {then}".strip()


def main(steps: int, how: str = "", where: str = "") -> None:
    """Train, in this folder."""
    job = json.loads(Path("job.json").read_text())
    for name, promised in job["dataset"]["files"].items():
        assert told(Path("data") / name) == promised, name
    done = len(Path("done").read_text()) if Path("done").exists() else 0
    tell({"event": "started", "steps": steps, "tokens": 100, "device": "cpu"})
    for step in range(done + 1, steps + 1):
        with Path("done").open("a") as file:
            file.write(".")
        tell({"event": "step", "step": step, "steps": steps, "loss": 1 / step, "rate": 0.1, "tokensPerSecond": 9.0})
        if where == str(step) and how == "fail":
            sys.exit("it went wrong")
        while where == str(step) and how == "wait" and not Path("go").exists():
            time.sleep(0.02)
    Path("adapter").mkdir(exist_ok=True)
    Path("adapter/adapter_config.json").write_text("{}")
    Path("adapter/adapter_model.safetensors").write_bytes(b"\1" * 700_000)
    Path("adapter.gguf").write_bytes(b"GGUF" + b"\2" * 500_000)
    Path("progress.ndjson").write_text('{"step": 1}\n')
    named = ["adapter/adapter_config.json", "adapter/adapter_model.safetensors", "adapter.gguf"]
    card: dict[str, Any] = {"name": job["name"], "job": job, "files": {name: told(Path(name)) for name in named}}
    Path("card.json").write_text(json.dumps(card))
    tell({"event": "finished"})


def tell(event: dict[str, Any]) -> None:
    """Print an event."""
    print(json.dumps(event), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
