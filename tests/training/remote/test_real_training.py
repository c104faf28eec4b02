"""The trainer itself, on another machine with nothing but what was sent."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed: `make setup-train`")
pytest.importorskip("asyncssh", reason="the extra `remote` is not installed")

from metahuman.training.remote.place import Place
from metahuman.training.remote.reaching import Patience, by_ssh
from metahuman.training.remote.running import There, train_there
from metahuman.training.remote.settings import RemoteSettings
from tests.elsewhere import told
from tests.servers.sshd import SSHD
from tests.tiny_base import base_of, tiny_base
from tests.voice_runs import a_job

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


async def test_a_voice_is_trained_elsewhere(tmp_path: Path) -> None:
    run = tmp_path / "2026-11-23-120000-abcdef"
    a_job(run, base_of(tiny_base(tmp_path / "tiny.gguf")), epochs=1)
    job = json.loads((run / "job.json").read_text()) | {"name": run.name}
    (run / "job.json").write_text(json.dumps(job))
    python = f"PYTHONPATH=code {sys.executable} -m"
    async with SSHD(tmp_path / "host") as host:
        settings = RemoteSettings(
            command=f"{python} metahuman.training.remote.base 1>&2 && {python} metahuman.training train .",
            poll_seconds=0.2,
            keys=[str(host.private_key(tmp_path / "key"))],
            known_hosts=str(host.known_hosts(tmp_path / "known_hosts")),
        )
        connect = by_ssh(Place("127.0.0.1", "somebody", host.port), settings)
        events: list[dict[str, object]] = []
        await train_there(run, There(connect, "jobs", settings, Patience(60)), events.append)
    card = json.loads((run / "card.json").read_text())
    assert {"adapter.gguf", "adapter/adapter_model.safetensors"} <= card["files"].keys()
    assert all(told(run / name)["sha256"] == promised["sha256"] for name, promised in card["files"].items())
    assert card["memoryIds"] == job["dataset"]["memoryIds"]
    assert "finished" in {event["event"] for event in events}
