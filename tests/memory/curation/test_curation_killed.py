"""Kill -9 while the curator works, at any moment: see `tests/curation_kills.py`."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest


def killed(home: Path, times: int, *more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.curation_kills", str(home), str(times), *more]
    environment = os.environ | {"TMPDIR": str(home.parent)}  # by which those that it starts are known
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)
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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_while_processes_run_the_gates_and_none_of_them_stays(tmp_path: Path) -> None:
    found = killed(tmp_path / "home", 2, "many")
    assert_nothing_is_wrong(found)
    until = time.monotonic() + 20
    while _left(str(tmp_path)) and time.monotonic() < until:
        time.sleep(0.1)
    assert _left(str(tmp_path)) == []


def _left(sign: str) -> list[str]:
    """Return what the processes that are left are called: those of the run's, and those that it started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"TMPDIR={sign}" in (folder / "environ").read_text(errors="replace"):
                found.append((folder / "cmdline").read_text())
    return found
