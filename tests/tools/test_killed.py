"""Kill -9 between approval and end, at any moment: see `tests/tools/killed.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_a_call_is_made_once_or_not_at_all_and_the_next_start_says_which(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.tools.killed", str(tmp_path), "8", "7"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["kills"] == 8
    assert found["wrong"] == []
