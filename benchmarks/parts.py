"""Runs the parts of a benchmark that has several, each in a process of its own: for `memory.py` and `curation.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def measure_all(names: Sequence[str], measure: Callable[[str], Any], file: Path | None) -> None:
    """Measure parts one after the other and, if asked, write their figures.

    Args:
        names: The parts.
        measure: Returns the figures of one, or None; what it measures prints them by itself.
        file: Where the figures go.

    Raises:
        SystemExit: If one failed; the others are measured all the same.
    """
    figures, failed = dict[str, Any](), list[str]()
    for name in names:
        print(f"\n# {name}", flush=True)
        try:
            figures[name] = measure(name)
        except LeftOut as why:
            print(f"left out: {why}", flush=True)
        except subprocess.CalledProcessError:  # it has said why; what the others measure is not lost over it
            failed.append(name)
    if file:
        file.write_text(json.dumps(figures, indent=2) + "\n")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


class LeftOut(Exception):  # noqa: N818 - reads as what happened
    """A part that cannot be measured here, and why."""


def measured(module: str, told: Sequence[str], *, figures: bool = True) -> Any:
    """Return the figures of a benchmark, which prints them by itself; None where it only prints them.

    Args:
        module: Its module.
        told: What it is told.
        figures: Whether it can write its figures to a file.

    Raises:
        CalledProcessError: If it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "figures.json"
        command = [sys.executable, "-m", f"benchmarks.{module}", *told]
        command += ["--json", str(kept)] if figures else []
        # A BLAS with many threads waits for itself on matrices as small as these.
        subprocess.run(command, check=True, cwd=ROOT, env={"OPENBLAS_NUM_THREADS": "1", **os.environ})
        return json.loads(kept.read_bytes()) if figures else None
