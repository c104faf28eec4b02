"""Tests of restores that are killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
TIMES = 25


def test_whenever_a_restore_is_killed_the_home_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.restore_kills", str(tmp_path), str(TIMES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["else"], outcome["lost"]) == (0, 0), outcome
    assert outcome["old"], outcome
    assert outcome["new"], outcome
