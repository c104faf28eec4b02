"""From samples to the page, with an adapter that was trained on a tiny base."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed: `make setup-train`")

from metahuman.training.learning.running import train
from metahuman.training.telling import told_to
from metahuman.voice.evaluating import evaluate
from metahuman.voice.runs import find_run
from metahuman.wiring import open_services
from tests.fakes import ScriptedProvider
from tests.tiny_base import base_of, tiny_base
from tests.voice_runs import a_job
from tests.voices import a_home

pytestmark = pytest.mark.slow


async def test_a_voice_is_evaluated(tmp_path: Path) -> None:
    home = a_home(tmp_path / "home")
    folder = home.root / "out" / "adapters" / "2026-05-17" / "2026-05-17-120000-abcdef"
    a_job(folder, base_of(tiny_base(tmp_path / "base.gguf"), "persona"), epochs=1)
    train(folder, told_to([]))
    events = list[dict[str, Any]]()
    with ScriptedProvider({"persona": ["Plain words.", "Bees hum so, my dear."] * 4}) as provider:
        services = open_services(home, lambda _: provider)
        report = await evaluate(home, find_run(home), samples=4, tell=events.append, services=services)
        await services.aclose()
    found = find_run(home)
    assert found.evaluation == report
    assert report["form"]["adapter"]["answers"] == 4
    assert "are needed" in report["voice"]["why"]
    assert {event["event"] for event in events} == {"proving", "finished"}
    folder = found.folder / "evaluation"
    assert "Bees hum so, my dear." in (folder / "report.html").read_text("utf-8")
    assert len((folder / "samples.jsonl").read_text("utf-8").splitlines()) == 4
    assert json.loads((folder / "report.json").read_bytes())["verdict"]["voice"] == "unknown"
