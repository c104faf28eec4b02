"""Writers of pairs and datasets, killed at any moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_a_kill_leaves_no_broken_line_and_the_next_run_mends_the_rest(tmp_path: Path, times: int) -> None:
    command = [sys.executable, "-m", "tests.dataset_kills", str(tmp_path), str(times)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert json.loads(done.stdout) == {"kills": times, "wrong": []}
