"""`metahuman agents` as a person and a timer use it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from metahuman.agents.alone import alone
from metahuman.agents.jobs import JOBS
from metahuman.home import Home
from metahuman.state.background import background
from tests.homes import in_process


def test_a_new_home_lists_the_shipped_agents(tmp_path: Path) -> None:
    listed = in_process(tmp_path, "agents", columns=120)
    assert listed.returncode == 0
    for name in JOBS:
        assert name in listed.stdout
    assert "every 6h, after 2m of quiet" in listed.stdout
    assert "never ran" in listed.stdout
    assert not (tmp_path / "state").exists()  # looking changes nothing


def test_one_is_run_once_and_told_of(tmp_path: Path) -> None:
    ran = in_process(tmp_path, "agents", "run", "--once", "maintenance")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "maintenance: done: 0 memories can be found" in ran.stdout
    told = json.loads(in_process(tmp_path, "agents", "--json").stdout)
    (maintenance,) = [agent for agent in told["agents"] if agent["name"] == "maintenance"]
    assert (maintenance["ended"], maintenance["failures"]) == ("done", 0)
    assert maintenance["next"] > maintenance["lastRun"]
    events = in_process(tmp_path, "audit", "--json").stdout
    assert [json.loads(line)["event"] for line in events.splitlines()] == ["agent_started", "agent_ended"]


def test_what_is_next_stands_first(tmp_path: Path) -> None:
    in_process(tmp_path, "agents", "run", "--once", "maintenance")
    told = json.loads(in_process(tmp_path, "agents", "next", "--json").stdout)
    assert [agent["next"] for agent in told] == sorted(agent["next"] for agent in told)
    assert "maintenance" in in_process(tmp_path, "agents", "next").stdout


def test_agents_are_switched_off_and_on(tmp_path: Path) -> None:
    assert "is off" in in_process(tmp_path, "agents", "disable", "maintenance").stdout
    assert "switched off" in in_process(tmp_path, "agents", "list", columns=120).stdout
    assert "maintenance" not in in_process(tmp_path, "agents", "next").stdout
    assert "runs by itself" in in_process(tmp_path, "agents", "enable", "maintenance").stdout
    assert json.loads((tmp_path / "etc" / "agents.json").read_text()) == {"agents": {"maintenance": {"enabled": True}}}
    events = in_process(tmp_path, "audit", "--json", "--event", "agent_switched").stdout
    assert [json.loads(line)["details"]["enabled"] for line in events.splitlines()] == [False, True]


@pytest.mark.parametrize("command", [["run", "nobody"], ["run", "--once", "nobody"], ["enable", "nobody"]])
def test_a_name_that_is_no_agents_is_told(tmp_path: Path, command: list[str]) -> None:
    failed = in_process(tmp_path, "agents", *command)
    assert failed.returncode == 1
    assert failed.stderr.startswith("metahuman: no agent is called 'nobody'; there are ")


def test_once_wants_a_name(tmp_path: Path) -> None:
    assert in_process(tmp_path, "agents", "run", "--once").returncode == 2


def test_a_wrong_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "agents.json").write_text('{"agents": {"maintenance": {"interval": "now and then"}}}')
    failed = in_process(tmp_path, "agents")
    assert failed.returncode == 1
    assert "agents.maintenance.interval: 'now and then' is no time" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_agents_of_other_programs_and_a_pause_are_told(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    said = {"globalSettings": {"pauseAll": True}, "agents": {"robot-observer": {"type": "manual"}}}
    (tmp_path / "etc" / "agents.json").write_text(json.dumps(said))
    listed = in_process(tmp_path, "agents").stdout
    assert "All are paused" in listed
    assert "Not of this program: robot-observer." in listed
    assert in_process(tmp_path, "agents", "next").stdout == "All are paused.\n"


def test_one_that_runs_elsewhere_is_no_failure_of_a_timer(tmp_path: Path) -> None:
    async def meanwhile() -> subprocess.CompletedProcess[str]:
        import asyncio

        async with alone(Home(tmp_path), "agent maintenance"):
            command = [sys.executable, "-m", "metahuman", "--home", str(tmp_path), "agents", "run", "--once"]
            return await asyncio.to_thread(
                subprocess.run, [*command, "maintenance"], capture_output=True, text=True, timeout=60, check=False
            )

    ran = background.run(meanwhile())
    assert ran.returncode == 0
    assert "agent maintenance is already running (process " in ran.stdout


def test_the_agents_run_until_they_are_stopped(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "metahuman", "--home", str(tmp_path), "agents", "run", "maintenance"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stderr
        lines = [running.stdout.readline() for _ in range(3)]
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=10) == 0
        assert running.stderr.read() == ""
    assert "Ctrl-C" in lines[0]
    assert "maintenance: begins" in lines[1]
    assert "maintenance: done" in lines[2]
