"""A slice of the fault harness: see docs/faults.md. `python benchmarks/faults.py` does more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.kinds import KINDS, a_run
from tests.faults.runs import Harness, harness

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with harness(tmp_path_factory.mktemp("homes")) as started:
        yield started


@pytest.mark.parametrize("kind", KINDS)
def test_days_that_go_wrong_lose_nothing(at_work: Harness, kind: str) -> None:
    for seed in (1, 2, 3):
        outcome = a_run(at_work, kind, seed)
        assert outcome.wrong == [], (kind, seed, outcome.detail)


def test_what_a_day_loses_is_found(at_work: Harness) -> None:
    outcome = a_run(at_work, "calm", 1, before_look=_lose_the_newest)
    assert [one for one in outcome.wrong if one.startswith("lost: memory")] != []
    assert [one for one in outcome.wrong if one.startswith("half: ")] != []


def _lose_the_newest(home: Path) -> None:
    max((home / "memory" / "episodic").rglob("evt-2*.json")).unlink()
    (home / "state" / "agents.json").write_bytes(b"{")
