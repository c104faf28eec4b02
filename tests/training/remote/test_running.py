"""A run trained over SSH: what happens where connections are cut, programs die, and the other side lies."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="the extra `remote` is not installed")

from metahuman.state.errors import SettingError
from metahuman.training.remote.errors import RemoteFailed, Unreachable
from metahuman.training.remote.place import Place
from metahuman.training.remote.reaching import Patience, by_ssh
from metahuman.training.remote.running import There, clear_away, train_there
from metahuman.training.remote.settings import RemoteSettings
from tests.elsewhere import a_run, told, trainer
from tests.servers.http import eventually
from tests.servers.sshd import SSHD


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return a_run(tmp_path / "home")


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[SSHD]:
    async with SSHD(tmp_path / "host") as server:
        yield server


def to(host: SSHD, tmp_path: Path, command: str = "", **changed: Any) -> There:
    settings = RemoteSettings(
        command=command or trainer(),
        poll_seconds=0.02,
        give_up_seconds=changed.pop("give_up_seconds", 20),
        keys=[str(host.private_key(tmp_path / "key"))],
        known_hosts=str(host.known_hosts(tmp_path / "known_hosts")),
        **changed,
    )
    connect = by_ssh(Place("127.0.0.1", "somebody", host.port), settings)
    return There(connect, "jobs", settings, Patience(settings.give_up_seconds, 0.01))


def same(run: Path) -> None:
    """See that what came of a run is here, whole."""
    card = json.loads((run / "card.json").read_text())
    assert {name: told(run / name) for name in card["files"]} == card["files"]
    assert len(card["memoryIds"]) == 20
    assert card["job"] == json.loads((run / "job.json").read_text())
    assert list(run.rglob("*.part")) == []
    assert {path.stat().st_mode & 0o77 for path in run.rglob("*") if path.is_file() and path.name != "job.json"} == {0}


async def test_a_run_is_trained_there_and_nothing_stays(host: SSHD, run: Path, tmp_path: Path) -> None:
    events: list[Mapping[str, Any]] = []
    files = await train_there(run, to(host, tmp_path), events.append)
    assert files == ["adapter.gguf", "adapter/adapter_config.json", "adapter/adapter_model.safetensors", "card.json"]
    same(run)
    kinds = [event["event"] for event in events]
    assert list(dict.fromkeys(kinds)) == ["sending", "started", "step", "finished", "fetching"]
    assert list((host.home / "jobs").iterdir()) == []
    before = host.connections
    assert await train_there(run, to(host, tmp_path)) == []  # all is done, and is not done again
    assert host.connections == before + 1


async def test_kept_what_is_there_already_is_not_sent_again(host: SSHD, run: Path, tmp_path: Path) -> None:
    await train_there(run, to(host, tmp_path), keep=True)
    folder = host.home / "jobs" / run.name
    [base] = folder.glob("base/*/base.gguf")
    stamp = base.stat().st_mtime_ns
    for name in ("ended", "pid", "card.json", "done"):
        (folder / name).unlink()
    (run / "card.json").unlink()
    await train_there(run, to(host, tmp_path), keep=True)
    assert base.stat().st_mtime_ns == stamp
    same(run)
    await clear_away(run, to(host, tmp_path))
    assert not folder.exists()


async def test_it_fails_there_in_one_line_and_goes_on_when_run_again(host: SSHD, run: Path, tmp_path: Path) -> None:
    with pytest.raises(RemoteFailed, match=r"training failed on the other machine \(ended 1\): it went wrong"):
        await train_there(run, to(host, tmp_path, trainer(4, "fail 2")))
    assert not (run / "card.json").exists()
    events: list[Mapping[str, Any]] = []
    await train_there(run, to(host, tmp_path, trainer(4)), events.append)
    assert [event["step"] for event in events if event["event"] == "step"] == [3, 4]
    same(run)


async def begun(run: Path, there: There) -> None:
    """Have a run begin there, and stop watching it."""
    waits = asyncio.Event()
    work = asyncio.create_task(train_there(run, there, lambda event: waits.set() if event.get("step") == 3 else None))
    await waits.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


async def test_whoever_is_stopped_finds_it_going_on(host: SSHD, run: Path, tmp_path: Path) -> None:
    await begun(run, to(host, tmp_path, trainer(6, "wait 3")))
    folder = host.home / "jobs" / run.name
    (folder / "go").touch()
    await eventually(lambda: (folder / "card.json").exists(), 20)
    events: list[Mapping[str, Any]] = []
    await train_there(run, to(host, tmp_path), events.append, keep=True)
    assert "sending" not in {event["event"] for event in events}
    assert (folder / "done").read_text() == "......"  # one trainer, not two
    same(run)


def commands(pid: int) -> bytes:
    """Return what a process runs; nothing for one that has ended, whether its parent has noticed or not."""
    place = Path(f"/proc/{pid}/cmdline")
    return place.read_bytes() if place.exists() else b""


async def test_clearing_away_stops_what_runs(host: SSHD, run: Path, tmp_path: Path) -> None:
    await begun(run, to(host, tmp_path, trainer(6, "wait 3")))
    pid = int((host.home / "jobs" / run.name / "pid").read_text())
    await clear_away(run, to(host, tmp_path))
    assert list((host.home / "jobs").iterdir()) == []
    await eventually(lambda: not commands(pid))


async def test_a_job_that_was_killed_there_is_begun_again(host: SSHD, run: Path, tmp_path: Path) -> None:
    await begun(run, to(host, tmp_path, trainer(6, "wait 3")))
    os.killpg(int((host.home / "jobs" / run.name / "pid").read_text()), signal.SIGKILL)
    await train_there(run, to(host, tmp_path, trainer(6)), keep=True)
    assert (host.home / "jobs" / run.name / "done").read_text() == "......"
    same(run)


@pytest.mark.parametrize("seed", range(2))
async def test_connections_cut_anywhere_only_cost_time(run: Path, tmp_path: Path, seed: int) -> None:
    """The base alone is a megabyte: it takes several connections, each of which goes on where the last was cut."""
    async with SSHD(tmp_path / "host", cut=(300_000, 500_000)) as host:
        host.random.seed(seed)
        await train_there(run, to(host, tmp_path, trainer(10)))
        assert host.cuts >= 2
    same(run)


async def test_a_host_nobody_knows_is_not_talked_to(host: SSHD, run: Path, tmp_path: Path) -> None:
    there = to(host, tmp_path)
    (tmp_path / "known_hosts").write_text("")
    with pytest.raises(Unreachable, match="is not known"):
        await train_there(run, there)
    assert list(host.home.iterdir()) == []


async def test_a_key_that_is_not_let_in_is_one_line(host: SSHD, run: Path, tmp_path: Path) -> None:
    from asyncssh import generate_private_key

    there = to(host, tmp_path)
    (tmp_path / "key").write_bytes(generate_private_key("ssh-ed25519").export_private_key())
    with pytest.raises(Unreachable, match="ssh-copy-id"):
        await train_there(run, there)


async def test_a_host_that_is_not_there_is_told_at_once(run: Path, tmp_path: Path) -> None:
    async with SSHD(tmp_path / "host") as host:
        there = to(host, tmp_path)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="cannot be reached"):
        await train_there(run, there)
    assert time.monotonic() - began < 2


async def test_a_host_that_goes_away_is_waited_for_so_long(run: Path, tmp_path: Path) -> None:
    events: list[Mapping[str, Any]] = []
    async with SSHD(tmp_path / "host", cut=(3_000, 9_000)) as host:  # not enough for anything to get through
        with pytest.raises(Unreachable):
            await train_there(run, to(host, tmp_path, give_up_seconds=0.4), events.append)
    assert {event["event"] for event in events} <= {"lost", "sending"}


async def test_a_dataset_that_has_changed_does_not_leave(host: SSHD, run: Path, tmp_path: Path) -> None:
    (tmp_path / "home" / "out" / "datasets" / "spring" / "train.jsonl").write_text("{}\n")
    with pytest.raises(SettingError, match="is not what the job was made for"):
        await train_there(run, to(host, tmp_path))
    assert list(host.home.iterdir()) == []


LIES = [
    {"files": {"../../escaped": {"bytes": 1, "sha256": "0" * 64}}},
    {"files": {"/etc/passwd": {"bytes": 1, "sha256": "0" * 64}}},
    {"files": {"adapter/../../job.json": {"bytes": 1, "sha256": "0" * 64}}},
    {"files": {"job.json": {"bytes": 1, "sha256": "0" * 64}}},
    {"files": {"adapter.gguf": {"bytes": "x", "sha256": "0" * 64}}},
    {"files": {"adapter.gguf": {"bytes": 1, "sha256": "../" * 22}}},
    {"files": []},
    {"job": {"name": "another"}},
]


async def test_only_files_of_the_run_are_taken(host: SSHD, run: Path, tmp_path: Path) -> None:
    await train_there(run, to(host, tmp_path), keep=True)
    card = host.home / "jobs" / run.name / "card.json"
    before = json.loads((run / "card.json").read_text())
    (run / "card.json").unlink()
    for lie in LIES:
        card.write_text(json.dumps(before | lie))
        with pytest.raises(RemoteFailed, match="nothing was taken from there"):
            await train_there(run, to(host, tmp_path))
    assert not (run / "card.json").exists()
    assert not (tmp_path / "home" / "out" / "escaped").exists()


async def test_a_file_that_is_not_as_promised_is_not_taken(host: SSHD, run: Path, tmp_path: Path) -> None:
    await train_there(run, to(host, tmp_path), keep=True)
    there, here = host.home / "jobs" / run.name / "adapter.gguf", run / "adapter.gguf"
    here.unlink()
    (run / "card.json").unlink()
    data = there.read_bytes()
    there.write_bytes(data[:-1] + b"x")
    with pytest.raises(RemoteFailed, match="not what its card promises"):
        await train_there(run, to(host, tmp_path))
    (host.home / "secret").write_bytes(data)
    there.unlink()
    there.symlink_to(host.home / "secret")
    with pytest.raises(RemoteFailed, match="is no file"):
        await train_there(run, to(host, tmp_path))
    assert not here.exists()
