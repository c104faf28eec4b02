"""`metahuman cycle` at the command line: where it asks, where it goes on, and what it leaves."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="the extra `remote` is not installed")

from metahuman.home import Home
from metahuman.state.errors import BadChoice, SettingError
from metahuman.training.remote.ledger import Ledger
from metahuman.voice import cycle as cycles
from tests.curated import home_with
from tests.elsewhere import trainer
from tests.homes import in_process
from tests.servers.runpod import RunPodServer
from tests.servers.sshd import SSHD


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with pairs, beside a folder that is taken for a base."""
    home_with(tmp_path / "home", 30)
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text('{"model_type": "llama"}')
    (base / "model.safetensors").write_bytes(b"weights")
    return tmp_path / "home"


def settle(home: Path, **content: Any) -> None:
    (home / "etc").mkdir(parents=True, exist_ok=True)
    (home / "etc" / "remote.json").write_text(json.dumps(content))


async def going(home: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        in_process, home, "cycle", "--base-path", str(home.parent / "base"), *words, typed=typed
    )


def events(home: Path) -> list[dict[str, Any]]:
    paths = sorted((home / "logs" / "audit").glob("*.ndjson"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


async def test_it_asks_before_anything_leaves_and_goes_on_where_it_was(home: Path, tmp_path: Path) -> None:
    async with SSHD(tmp_path / "host") as host:
        keys, known = [str(host.private_key(tmp_path / "key"))], str(host.known_hosts(tmp_path / "known"))
        settle(home, command=trainer(), keys=keys, knownHosts=known, pollSeconds=0.05)
        there = f"ssh://somebody@127.0.0.1:{host.port}/~/jobs"
        words = ("--remote", there, "--from", "build")
        done = await going(home, *words, typed="n\n")
        assert done.returncode == 130
        assert "to leave this machine for ssh://somebody@127.0.0.1" in done.stderr
        assert "30 pairs" in done.stderr
        assert list(host.home.iterdir()) == []
        [run] = (home / "out" / "adapters").glob("*/*")
        # The base is none, so that no more than the training can be done.
        done = await going(home, typed="y\n")
        assert (done.returncode, done.stdout.splitlines()[0].split()[0]) == (1, "train")
        assert list((host.home / "jobs").iterdir()) == []
    assert {path.name for path in run.iterdir()} >= {"card.json", "adapter.gguf", "job.json"}
    assert [one["event"] for one in events(home) if one["event"].startswith("training_")] == [
        "training_sent",
        "training_fetched",
    ]
    sent = next(one["details"] for one in events(home) if one["event"] == "training_sent")
    assert (sent["run"], sent["pairs"]) == (run.name, 30)
    state = json.loads((home / "state" / "cycle.json").read_text())
    assert list(state["done"]) == ["curate", "build", "train", "export"]
    assert state["run"] == run.name
    plan = json.loads((await going(home, "--dry-run", "--json")).stdout)
    assert [step["done"] for step in plan["steps"]] == [True] * 4 + [False] * 2


async def test_a_voice_that_did_not_pass_the_gate_is_not_put_in_force(home: Path, tmp_path: Path) -> None:
    async with SSHD(tmp_path / "host") as host:
        keys, known = [str(host.private_key(tmp_path / "key"))], str(host.known_hosts(tmp_path / "known"))
        settle(home, command=trainer(), keys=keys, knownHosts=known, pollSeconds=0.05)
        there = f"ssh://somebody@127.0.0.1:{host.port}/~/jobs"
        await going(home, "--remote", there, "--from", "build", "--yes")
    done = await going(home, "--from", "propose")
    assert done.returncode == 0
    assert "is not put in force: " in done.stdout
    assert not (home / "etc" / "models.json").exists()


async def test_at_runpod_a_key_is_needed_and_nothing_is_rented_without(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNPOD_API_KEY", raising=False)
    with RunPodServer() as server:
        settle(home, runpod={"address": server.address})
        done = await going(home, "--remote", "runpod", "--from", "build", "--yes")
        assert done.returncode == 1
        assert "set RUNPOD_API_KEY" in done.stderr
        assert server.requests == []


@pytest.fixture
def renting(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunPodServer]:
    monkeypatch.setenv("RUNPOD_API_KEY", "key")
    with RunPodServer() as server:
        settle(home, runpod={"address": server.address, "settleSeconds": 0})
        yield server


def test_pods_that_were_left_are_seen_and_given_back(home: Path, renting: RunPodServer) -> None:
    assert in_process(home, "cycle", "pods").stdout == "no pod is left\n"
    Ledger(home / "state" / "pods.json").add("metahuman-run-1", "run")
    renting.pods["pod0"] = {
        "id": "pod0",
        "name": "metahuman-run-1",
        "cost": 1,
        "gpu": {},
        "status": "RUNNING",
        "since": 0,
    }
    assert "metahuman-run-1: may still run" in in_process(home, "cycle", "pods").stdout
    assert in_process(home, "cycle", "pods", "--terminate").stdout == "metahuman-run-1: given back\n"
    assert renting.running() == []
    assert events(home)[-1]["event"] == "pod_terminated"


def test_a_task_for_skypilot_is_written_and_what_comes_back_is_taken(home: Path, tmp_path: Path) -> None:
    words = ("cycle", "--base-path", str(tmp_path / "base"), "--remote", "skypilot", "--from", "build", "--yes")
    task = tmp_path / "sky" / "task.yaml"
    done = in_process(home, *words, "--write", str(task))
    assert (done.returncode, "sky launch --yes" in done.stderr) == (0, True)
    [job] = [path for path in task.parent.iterdir() if path.is_dir()]
    assert {path.name for path in job.iterdir()} == {
        *("job.json", "data", "base", "code", "requirements.txt", "run.sh"),
    }
    # What SkyPilot would do, and `rsync` after it.
    back = job.with_name(f"{job.name}-back")
    subprocess.run(trainer(), shell=True, cwd=job, check=True, capture_output=True)
    job.rename(back)
    words = ("cycle", "--remote", "skypilot", "--yes", "--write", str(task))
    assert "train    " in in_process(home, *words).stdout
    [run] = (home / "out" / "adapters").glob("*/*")
    assert json.loads((run / "card.json").read_text())["memoryIds"]


def test_where_it_is_to_train_is_checked_first(home: Path) -> None:
    for wrong in ("ftp://box", "box", "ssh://me:secret@box"):
        done = in_process(home, "cycle", "--remote", wrong)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not (home / "state" / "cycle.json").exists()


def test_dropped_it_begins_anew(home: Path) -> None:
    cycles.save(Home(home), cycles.begun(Home(home), "2026-11-23", None, "train"))
    assert in_process(home, "cycle", "drop").stdout == "no cycle is under way any more\n"
    assert cycles.load(Home(home)) is None


def test_steps_are_done_once_and_again_from_where_one_says(tmp_path: Path) -> None:
    home = Home(tmp_path)
    found = cycles.begun(home, "now", "ssh://box/~/jobs", None)
    assert found.left == list(cycles.STEPS)
    for step in ("curate", "build"):
        found.done[step] = cycles.Done(at="now", told="done")
    found.run, found.dataset = "run", "spring"
    cycles.save(home, found)
    again = cycles.begun(home, "later", None, None)
    assert (again.left[0], again.where, again.run) == ("train", "ssh://box/~/jobs", "run")
    with pytest.raises(BadChoice, match="`metahuman cycle drop`"):
        cycles.begun(home, "later", "runpod", None)
    anew = cycles.begun(home, "later", None, "curate")
    assert (anew.left, anew.run, anew.dataset) == (list(cycles.STEPS), None, None)


@pytest.mark.parametrize("content", ["[]", '{"startedAt": 3}', '{"startedAt": "x", "done": {"nap": {}}}', "{"])
def test_a_broken_state_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "cycle.json").write_text(content)
    with pytest.raises(SettingError, match=r"cycle\.json"):
        cycles.load(Home(tmp_path))
