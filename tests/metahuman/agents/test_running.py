"""One run of an agent, and what is made of one that another process does, or did not live to end."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from metahuman.agents.alone import alone
from metahuman.agents.loading import load_agents
from metahuman.agents.records import Records
from metahuman.agents.running import Runner
from metahuman.agents.silence import SILENT
from metahuman.home import Home
from metahuman.state.files import write_json
from tests.fakes import NOON
from tests.metahuman.agents.at_work import Agents, Work


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def agents(tmp_path: Path, work: Work) -> Agents:
    made = Agents(Home(tmp_path), {"curator": work})
    made.write(curator={"interval": "1h", "backoff": 60})
    return made


async def test_an_agent_that_runs_elsewhere_is_skipped(agents: Agents, work: Work) -> None:
    agent = load_agents(agents.home, agents.jobs).known["curator"]
    async with alone(agents.home, "agent curator"):
        became = await Runner(agents.home, agents.jobs, agents.audit, agents.clock).run(agent)
    assert (became.ended, work.begun) == ("skipped", 0)
    assert agents.audit.named("agent_skipped")[0]["agent"] == "curator"


async def test_in_emulation_none_runs_whoever_asks(agents: Agents, work: Work) -> None:
    write_json(agents.home.root / "persona" / "cognitive-mode.json", {"currentMode": "emulation"})
    agent = load_agents(agents.home, agents.jobs).known["curator"]
    became = await Runner(agents.home, agents.jobs, agents.audit, agents.clock).run(agent)
    assert became == ("skipped", SILENT)
    async with agents.running():
        await asyncio.sleep(0.03)
        assert (work.begun, agents.ended(), agents.lines) == (0, [], [])
        write_json(agents.home.root / "persona" / "cognitive-mode.json", {"currentMode": "dual"})
        await agents.until(agents.ended)
    assert work.begun == 1


async def test_a_run_that_a_crash_cut_short_counts_as_a_failure(agents: Agents, work: Work) -> None:
    Records(agents.home).change("curator", lambda record: record.begun(NOON - timedelta(hours=5)))
    async with agents.running():
        await agents.until(agents.ended)
        assert agents.record("curator").told == "its process died"
        await asyncio.sleep(0.02)
        assert work.begun == 0
        agents.clock.moment += timedelta(seconds=60)
        await agents.until(lambda: work.begun)


@pytest.mark.parametrize("left", ['{"agents": 5}', '{"agents": {"curator": {"lastRun": 7, "failures": "x"}}}', "{}"])
async def test_a_state_that_makes_no_sense_is_begun_anew(agents: Agents, left: str) -> None:
    (agents.home.root / "state").mkdir()
    (agents.home.root / "state" / "agents.json").write_text(left)
    async with agents.running():
        await agents.until(agents.ended)
    assert agents.record("curator").ended == "done"


PROGRAM = """
import asyncio, sys
from pathlib import Path
from metahuman.agents.loading import load_agents
from metahuman.agents.running import Runner
from metahuman.audit.log import AuditLog
from metahuman.clock import SystemClock
from metahuman.home import Home

home, clock = Home(Path(sys.argv[1])), SystemClock()

async def work(home):
    print("begun", flush=True)
    await asyncio.sleep(60)

jobs = {"curator": work}
asyncio.run(Runner(home, jobs, AuditLog(home.audit, clock), clock).run(load_agents(home, jobs).known["curator"]))
"""


@contextlib.contextmanager
def elsewhere(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Have the curator run in another process."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(home)], stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout
            assert program.stdout.readline() == "begun\n"
            yield program
        finally:
            program.kill()


async def test_a_killed_program_leaves_a_run_that_the_next_sees(agents: Agents) -> None:
    with elsewhere(agents.home.root) as program:
        async with agents.running():
            await asyncio.sleep(0.03)
            assert agents.ended() == []
            program.kill()
            program.wait()
            await agents.until(agents.ended)
    assert agents.record("curator").told == "its process died"
