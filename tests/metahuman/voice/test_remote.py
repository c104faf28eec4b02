"""A run that is trained elsewhere, with what the audit tells of it."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("asyncssh", reason="the extra `remote` is not installed")

import asyncssh

from metahuman.home import Home
from metahuman.state.errors import BadChoice
from metahuman.training.needs import NotInstalled
from metahuman.training.remote.errors import RemoteFailed
from metahuman.voice.remote import (
    back_of,
    launched,
    leaving,
    rented_pods,
    taken,
    train_elsewhere,
    where_of,
    write_skypilot,
)
from tests.elsewhere import a_run, trainer
from tests.servers.http import eventually
from tests.servers.runpod import RunPodServer
from tests.servers.sshd import SSHD


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def run(home: Home) -> Path:
    return a_run(home.root)


def events(home: Home) -> list[tuple[str, dict[str, object]]]:
    lines = [line for path in sorted(home.audit.glob("*.ndjson")) for line in path.read_text().splitlines()]
    return [(one["event"], one["details"]) for one in map(json.loads, lines)]


async def test_a_run_is_trained_on_a_pod(
    home: Home, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNPOD_API_KEY", "key")
    told: list[str] = []
    with RunPodServer() as server:
        settings = {
            "command": trainer(),
            "pollSeconds": 0.05,
            "runpod": {"address": server.address, "readySeconds": 10},
        }
        (home.root / "etc").mkdir()
        (home.root / "etc" / "remote.json").write_text(json.dumps(settings))
        work = asyncio.create_task(
            train_elsewhere(home, run, where_of("runpod"), lambda event: told.append(event["event"]))
        )
        await eventually(lambda: server.bodies, 5)
        keys = server.bodies[0]["env"]
        client, key = (
            asyncssh.import_public_key(keys["PUBLIC_KEY"]),
            asyncssh.import_private_key(keys["METAHUMAN_HOST_KEY"]),
        )
        async with SSHD(tmp_path / "pod", client, key) as host:
            server.ssh = ("127.0.0.1", host.port)
            await work
        assert server.running() == []
    assert (run / "card.json").exists()
    assert rented_pods(home) == []
    assert [name for name, _ in events(home)] == ["training_sent", "pod_created", "pod_terminated", "training_fetched"]
    details = dict(events(home))
    assert details["training_sent"] == {"run": run.name, "host": "runpod", **leaving(home, run)}
    assert details["pod_created"]["pricePerHour"] == 0.3
    assert told[0] == "pod"
    assert "key" not in (home.root / "state" / "pods.json").read_text()


def sky(folder: Path, script: str) -> None:
    """Put a `sky` and an `rsync` in a folder, which note what they are told."""
    folder.mkdir()
    for name, does in (("sky", script), ("rsync", 'for last; do :; done; mkdir -p "$last"; cp -R "$JOB"/. "$last"')):
        (folder / name).write_text(f'#!/bin/sh\necho {name} "$1" >>"{folder}/told"\n{does}\n')
        (folder / name).chmod(0o755)


def test_skypilot_trains_and_gives_the_machine_back(
    home: Home, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = tmp_path / "sky" / "task.yaml"
    commands = write_skypilot(home, run, task)
    [job] = [path for path in task.parent.iterdir() if path.is_dir()]
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("JOB", str(job))
    sky(tmp_path / "bin", f'[ "$1" != launch ] || (cd "$JOB" && {trainer()})')
    launched(commands)
    taken(home, run, back_of(task, run.name), "skypilot")
    assert (tmp_path / "bin" / "told").read_text().splitlines() == ["sky launch", "rsync --archive", "sky down"]
    assert json.loads((run / "card.json").read_text())["job"] == json.loads((run / "job.json").read_text())
    shutil.rmtree(tmp_path / "bin")
    sky(tmp_path / "bin", '[ "$1" != launch ]')
    with pytest.raises(RemoteFailed, match="sky launch"):
        launched(commands)
    assert (tmp_path / "bin" / "told").read_text().splitlines() == ["sky launch", "sky down"]
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NotInstalled, match="sky and rsync"):
        launched(commands)


def test_where_to_train_is_named_in_one_of_three_ways() -> None:
    assert [str(where_of(one)) for one in ("runpod", "skypilot", "ssh://me@box")] == [
        "runpod",
        "skypilot",
        "ssh://me@box/~/metahuman-training",
    ]
    with pytest.raises(BadChoice, match="nowhere to train"):
        where_of("moon")
