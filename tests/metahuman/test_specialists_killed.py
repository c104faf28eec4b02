"""Kill -9 while eight specialists are at work: see `tests/specialist_kills.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fanout import WAVE
from tests.specialist_kills import Found, forks, killed


@pytest.mark.slow
def test_who_had_answered_is_not_asked_again(tmp_path: Path) -> None:
    soon, found = {"coder", "planner", "summarizer 4"}, Found()
    with forks() as forked:
        killed(forked, tmp_path, dict.fromkeys(WAVE - soon, 60), wait_for=3, seconds=0.8, found=found)
    assert found.wrong == []
    assert (found.answered, found.again, len(found.kept)) == (3, [], 3)


@pytest.mark.slow
def test_at_whatever_moment_nothing_is_lost_and_only_the_latest_answers_are_asked_for_again() -> None:
    command = [sys.executable, "-m", "tests.specialist_kills", "8"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert run.returncode == 0, run.stderr
    found = Found(**json.loads(run.stdout))
    assert (found.kills, found.wrong) == (8, [])
    assert len(found.again) + len(found.kept) == found.answered
