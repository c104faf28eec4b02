"""Rented machines: chosen within their price, reached by keys of their own, and always given back."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="the extra `remote` is not installed")

import asyncssh

from metahuman.training.remote.errors import OverBudget, RemoteFailed, Unreachable
from metahuman.training.remote.pods import Ledger, orphans, rented
from metahuman.training.remote.runpod import RunPod
from metahuman.training.remote.settings import RunPodSettings
from tests.servers.http import eventually
from tests.servers.runpod import RunPodServer
from tests.servers.sshd import SSHD


@pytest.fixture
def server() -> Iterator[RunPodServer]:
    with RunPodServer() as server:
        yield server


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "state" / "pods.json")


def wanting(**changed: Any) -> RunPodSettings:
    return RunPodSettings(
        **{"gpus": ["NVIDIA H100 80GB HBM3", "NVIDIA RTX A5000"], "ready_seconds": 5, "settle_seconds": 0, **changed}
    )


def api_of(server: RunPodServer, key: str = "key") -> RunPod:
    return RunPod(key, server.address, pause=0.01)


async def test_a_pod_is_rented_used_and_given_back(server: RunPodServer, ledger: Ledger, tmp_path: Path) -> None:
    told: list[tuple[str, str | None, str | float]] = []

    async def work() -> str:
        async with api_of(server) as api, rented(api, ledger, "run-1", wanting(), lambda *one: told.append(one)) as pod:
            assert [entry.pod for entry in ledger.entries()] == ["pod0"]
            async with pod.connect() as connection:
                return str((await connection.run("echo here", check=True)).stdout)

    working = asyncio.create_task(work())
    await eventually(lambda: server.bodies, 5)
    body = server.bodies[0]
    keys = asyncssh.import_public_key(body["env"]["PUBLIC_KEY"]), body["env"]["METAHUMAN_HOST_KEY"]
    async with SSHD(tmp_path / "pod", keys[0], asyncssh.import_private_key(keys[1])) as host:
        server.ssh = ("127.0.0.1", host.port)
        assert await working == "here\n"
    assert body["gpu"]["id"] == "NVIDIA RTX A5000"  # the other one is too dear
    assert "sleep 36060; runpodctl remove pod" in body["args"]
    assert [(pod, what) for _, pod, what in told] == [("pod0", 0.3), ("pod0", "done")]
    assert (server.running(), ledger.entries()) == ([], [])
    assert ledger.path.stat().st_mode & 0o777 == 0o600


async def test_one_that_answers_with_another_key_is_not_talked_to(
    server: RunPodServer, ledger: Ledger, tmp_path: Path
) -> None:
    async with SSHD(tmp_path / "other") as host:
        server.ssh = ("127.0.0.1", host.port)
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            async with api_of(server) as api, rented(api, ledger, "run", wanting()) as pod, pod.connect():
                pass
    assert server.running() == []


@pytest.mark.parametrize("how", ["a mistake", "Ctrl-C", "the money"])
async def test_it_is_given_back_whatever_happens(server: RunPodServer, ledger: Ledger, how: str) -> None:
    server.ssh = ("127.0.0.1", 9)
    settings = wanting(max_cost=0.3 * 0.1 / 3600) if how == "the money" else wanting()

    async def work() -> None:
        async with api_of(server) as api, rented(api, ledger, "run", settings):
            if how == "a mistake":
                raise LookupError
            await asyncio.sleep(60)

    working = asyncio.create_task(work())
    await eventually(lambda: server.bodies, 5)
    if how == "Ctrl-C":
        working.cancel()
    kinds = {"a mistake": LookupError, "Ctrl-C": asyncio.CancelledError, "the money": OverBudget}
    with pytest.raises(kinds[how]):
        await working
    assert (server.running(), ledger.entries()) == ([], [])


async def refused(server: RunPodServer, ledger: Ledger, settings: RunPodSettings, key: str = "key") -> None:
    async with api_of(server, key) as api, rented(api, ledger, "run", settings):
        raise AssertionError("nothing was to be had")


async def test_what_is_too_dear_is_not_rented(server: RunPodServer, ledger: Ledger) -> None:
    with pytest.raises(OverBudget, match=r"\$3\.00 an hour"):
        await refused(server, ledger, wanting(gpus=["NVIDIA H100 80GB HBM3"]))
    assert server.bodies == []
    server.dearer = 5.0  # it costs more than the catalog said
    with pytest.raises(OverBudget, match=r"\$5\.30 an hour"):
        await refused(server, ledger, wanting())
    assert (server.running(), ledger.entries()) == ([], [])


async def test_what_is_taken_is_followed_by_the_next(server: RunPodServer, ledger: Ledger) -> None:
    server.taken = {"NVIDIA RTX A5000"}
    server.ssh = ("127.0.0.1", 9)
    async with (
        api_of(server) as api,
        rented(api, ledger, "run", wanting(gpus=["NVIDIA RTX A5000", "NVIDIA L4"])) as one,
    ):
        assert one.pod.price == 0.4
    with pytest.raises(RemoteFailed, match="no machine has what was asked for"):
        await refused(server, ledger, wanting())
    with pytest.raises(RemoteFailed, match="has none of NVIDIA T4 now"):
        await refused(server, ledger, wanting(gpus=["NVIDIA T4"]))
    assert ledger.entries() == []


async def test_one_that_does_not_start_is_given_back(server: RunPodServer, ledger: Ledger) -> None:
    with pytest.raises(RemoteFailed, match=r"was not ready after 0 s \(runpod\.readySeconds\)"):
        await refused(server, ledger, wanting(ready_seconds=0.2))
    assert (server.running(), ledger.entries()) == ([], [])


async def test_faults_that_pass_are_waited_for_but_no_pod_is_asked_for_twice(
    server: RunPodServer, ledger: Ledger
) -> None:
    server.ssh = ("127.0.0.1", 9)
    server.faults.extend([503, 429, 0, 0])
    async with api_of(server) as api, rented(api, ledger, "run", wanting()):
        assert len(server.running()) == 1
    server.faults.extend([0, 500])  # the catalog answers, and of the pod nobody knows
    with pytest.raises(RemoteFailed, match="HTTP 500"):
        await refused(server, ledger, wanting())
    assert (len(server.bodies), ledger.entries()) == (1, [])


async def test_a_wrong_key_or_no_answer_is_one_line(server: RunPodServer, ledger: Ledger) -> None:
    with pytest.raises(RemoteFailed, match="set RUNPOD_API_KEY"):
        await refused(server, ledger, wanting(), key="another")
    server.stop()
    with pytest.raises(Unreachable, match="RunPod cannot be reached"):
        await refused(server, ledger, wanting())
    assert not ledger.path.exists()


async def test_a_pod_that_cannot_be_given_back_stays_written_down(server: RunPodServer, ledger: Ledger) -> None:
    server.ssh = ("127.0.0.1", 9)
    with pytest.raises(RemoteFailed, match="`metahuman cycle pods --terminate` gives it back"):
        async with api_of(server) as api, rented(api, ledger, "run", wanting()):
            server.faults.extend([500] * 20)
    server.faults.clear()
    assert len(server.running()) == 1
    async with api_of(server) as api:
        assert len(await orphans(api, ledger, 0)) == 1
    assert (server.running(), ledger.entries()) == ([], [])


async def test_only_pods_of_ours_are_given_back(server: RunPodServer, ledger: Ledger) -> None:
    ledger.path.parent.mkdir(parents=True)
    ledger.path.write_text(json.dumps({"metahuman-run-1": "badly edited", "note": {"pod": "pod0"}}))
    async with api_of(server) as api:
        await api.create({"name": "somebody's", "image": "i", "gpu": {"id": "NVIDIA L4"}})
        await api.create({"name": "metahuman-run-1", "image": "i", "gpu": {"id": "NVIDIA L4"}})
        assert await orphans(api, ledger, 0) == ["metahuman-run-1"]
    assert server.running() == ["somebody's"]


@pytest.mark.slow
def test_whoever_is_killed_leaves_no_pod_after_the_next_start(tmp_path: Path) -> None:
    with RunPodServer(slow=0.1) as server:
        command = [sys.executable, "-m", "tests.pod_kills", str(tmp_path), server.address, "15"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
        assert json.loads(done.stdout) == {"kills": 15, "left": []}
        assert server.running() == []
        assert len(server.bodies) > 3
