"""A training run as a process of its own: it tells, fails in one line, and stops so that it can go on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from metahuman.agents.alone import AlreadyRunning, alone
from metahuman.home import Home
from metahuman.training.job import CARD, CHECKPOINTS
from metahuman.training.telling import Event
from metahuman.voice.runs import find_run, runs
from metahuman.voice.training import TRAIN, TrainingFailed, child, train
from tests.voice_runs import a_base, a_job

pytest.importorskip("torch", reason="the extra `train` is not installed: `make setup-train`")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a run that has begun."""
    from tests.tiny_base import base_of, tiny_base

    base = base_of(tiny_base(tmp_path / "tiny.gguf"))
    a_job(tmp_path / "out" / "adapters" / "2026-05-17" / "2026-05-17-120000-abcdef", base, epochs=1)
    return Home(tmp_path)


def audited(home: Home) -> list[tuple[str, str]]:
    lines = [json.loads(line) for path in sorted(home.audit.glob("*.ndjson")) for line in path.read_text().splitlines()]
    return [(line["event"], line["details"].get("ended", "")) for line in lines]


async def test_it_is_listened_to_until_it_is_finished(home: Home) -> None:
    told = list[Event]()
    run = await train(home, runs(home)[0], told.append)
    assert run.finished
    assert run.gguf.is_file()
    assert [told[0]["event"], told[-1]["event"]] == ["started", "finished"]
    assert audited(home) == [("training_started", ""), ("training_ended", "done")]


async def test_what_it_cannot_do_is_one_line(home: Home) -> None:
    run = runs(home)[0]
    (Path(run.job.dataset.folder) / "train.jsonl").write_bytes(b"")
    with pytest.raises(TrainingFailed, match="it is not what this run was begun with") as failed:
        await train(home, run, lambda _: None)
    assert "\n" not in str(failed.value)
    assert audited(home)[-1] == ("training_ended", "failed")


async def test_cancelled_it_can_go_on(home: Home) -> None:
    run = runs(home)[0]
    run.job.model_copy(update={"settings": run.job.settings.model_copy(update={"epochs": 20})}).write(run.folder)
    stepped = asyncio.Event()
    work = asyncio.create_task(train(home, run, lambda event: stepped.set() if event["event"] == "step" else None))
    await stepped.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert list((run.folder / CHECKPOINTS).iterdir())
    assert audited(home)[-1] == ("training_ended", "stopped")
    told = list[Event]()
    again = await train(home, find_run(home, run.name, finished=False), told.append)
    assert told[0]["step"] > 0
    assert again.finished
    assert (again.folder / CARD).is_file()


async def test_one_at_a_time_in_a_home(home: Home) -> None:
    async with alone(home, TRAIN):
        with pytest.raises(AlreadyRunning, match="train is already running"):
            await train(home, runs(home)[0], lambda _: None)


async def test_a_process_that_says_nothing_is_told_by_its_code(tmp_path: Path) -> None:
    a_job(tmp_path / "run", a_base())
    with pytest.raises(TrainingFailed, match="there is no model there"):
        await child("train", tmp_path / "run", lambda _: None)
