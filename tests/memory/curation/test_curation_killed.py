"""Kill -9 while the curator works, at any moment: see `tests/curation_kills.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def killed(home: Path, times: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.curation_kills", str(home), str(times)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    assert found["kills"] == times
    return found


def assert_nothing_is_wrong(found: dict[str, Any]) -> None:
    assert {key: value for key, value in found.items() if value and isinstance(value, list)} == {}
    assert found["rows"] < found["curated"]  # those with a key, and those without consent, are none


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_mark_without_its_copy_none_twice_no_broken_line(tmp_path: Path) -> None:
    found = killed(tmp_path / "home", 100)
    assert_nothing_is_wrong(found)
    assert found["halfway"] > 10
