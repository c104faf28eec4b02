"""Writers that are killed, and many at once: `benchmarks/memory_store.py` does the same at length."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kills import KINDS

pytestmark = pytest.mark.slow


def test_killed_writers_leave_nothing_half_and_many_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.kills", str(tmp_path), str(3 * len(KINDS)), "4", "15"]
    root = Path(__file__).resolve().parents[3]
    done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout)
    assert done["many"][1:] == [60, 60]
    kills = done["kills"]
    assert kills["done"] >= kills["kills"] == 3 * len(KINDS)
    assert {what: kills[what] for what in ("lost", "half", "unlike")} == {"lost": [], "half": [], "unlike": []}
