"""Agents that are run when they are due: what is written down, tried again, stopped, and never done twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from metahuman.agents.alone import AlreadyRunning
from metahuman.agents.loading import load_agents
from metahuman.agents.person import PersonTurns
from metahuman.home import Home
from metahuman.state.errors import BadChoice, SettingError, ToolError
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


async def test_one_that_is_due_runs_and_is_written_down(agents: Agents, work: Work) -> None:
    async with agents.running():
        await agents.until(agents.ended)
        await asyncio.sleep(0.03)
        assert work.begun == 1
        agents.clock.moment += timedelta(hours=1)
        await agents.until(lambda: len(agents.ended()) == 2)
    record = agents.record("curator")
    assert (record.ended, record.told, record.last_run) == ("done", "well", NOON + timedelta(hours=1))
    assert record.next == NOON + timedelta(hours=2)
    assert [event.event for event in agents.audit.events] == ["agent_started", "agent_ended"] * 2
    assert agents.lines[:2] == ["curator: begins", "curator: done: well"]


async def test_it_is_not_run_again_by_the_next_program(agents: Agents, work: Work) -> None:
    for _ in range(3):
        async with agents.running():
            await agents.until(lambda: work.begun)
            await asyncio.sleep(0.02)
    assert work.begun == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [(ToolError("no room"), "no room"), (KeyError("oops"), "a mistake in this program: KeyError: 'oops'")],
)
async def test_one_that_fails_is_tried_again_later(agents: Agents, work: Work, error: Exception, told: str) -> None:
    work.answers = [error, "well"]
    async with agents.running():
        await agents.until(agents.ended)
        record = agents.record("curator")
        assert (record.ended, record.told, record.failures) == ("failed", told, 1)
        await asyncio.sleep(0.03)
        assert work.begun == 1
        agents.clock.moment += timedelta(seconds=60)
        await agents.until(lambda: len(agents.ended()) == 2)
    assert agents.ended() == ["failed", "done"]
    assert agents.record("curator").failures == 0
    assert [event.level for event in agents.audit.events if event.event == "agent_ended"] == ["warn", "info"]


async def test_one_that_takes_too_long_is_ended(agents: Agents, work: Work) -> None:
    work.answers = [None]
    agents.write(curator={"interval": "1h", "timeout": 0.05})
    async with agents.running():
        await agents.until(agents.ended)
    assert agents.record("curator").told == "not done after 0.05 seconds"
    assert work.at_once == 0


async def test_what_runs_when_it_is_stopped_is_ended_and_due_again(agents: Agents, work: Work) -> None:
    work.answers = [None, "well"]
    async with agents.running():
        await agents.until(lambda: work.begun)
    assert (agents.ended(), work.at_once) == (["stopped"], 0)
    async with agents.running():
        await agents.until(lambda: len(agents.ended()) == 2)
    assert agents.record("curator").ended == "done"


async def test_a_turn_comes_first(agents: Agents, work: Work) -> None:
    with PersonTurns(agents.home).hold():
        async with agents.running():
            await asyncio.sleep(0.05)
            assert work.begun == 0
    async with agents.running():
        await agents.until(agents.ended)


async def test_never_two_of_one_agent_in_however_many_programs(agents: Agents, work: Work) -> None:
    work.answers = [None]
    stop = asyncio.Event()
    programs = [asyncio.create_task(agents.scheduler().run(stop)) for _ in range(4)]
    await agents.until(lambda: work.begun)
    await asyncio.sleep(0.05)
    work.go_on.set()
    await agents.until(agents.ended)
    await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(*programs)
    assert (work.begun, work.most_at_once) == (1, 1)


async def test_no_more_at_once_than_the_owner_wants(tmp_path: Path) -> None:
    each = {name: Work([None]) for name in ("a", "b", "c")}
    agents = Agents(Home(tmp_path), dict(each))
    agents.write({"concurrency": 2}, **{name: {"interval": 60} for name in each})
    async with agents.running():
        await agents.until(lambda: sum(work.at_once for work in each.values()) == 2)
        await asyncio.sleep(0.03)
        assert [work.begun for work in each.values()] == [1, 1, 0]
        each["a"].go_on.set()
        await agents.until(lambda: each["c"].begun)


async def test_only_those_that_are_named(tmp_path: Path) -> None:
    each = {name: Work() for name in ("a", "b")}
    agents = Agents(Home(tmp_path), dict(each))
    agents.write(a={"interval": 60}, b={"interval": 60})
    async with agents.running("b"):
        await agents.until(agents.ended)
        await asyncio.sleep(0.02)
    assert (each["a"].begun, each["b"].begun) == (0, 1)
    with pytest.raises(BadChoice, match="'x'"):
        await agents.scheduler("x").run(asyncio.Event())


@pytest.mark.parametrize("settings", [{"pauseAll": True}, {"quietHours": "11:00-13:00", "timezone": "UTC"}])
async def test_none_begins_when_the_owner_wants_quiet(agents: Agents, work: Work, settings: Any) -> None:
    agents.write(settings, curator={"interval": "1h", "runOnBoot": True})
    async with agents.running():
        await asyncio.sleep(0.03)
        assert work.begun == 0
        agents.write({}, curator={"interval": "1h"})  # an edit is in force at the next look
        await agents.until(agents.ended)


async def test_one_runs_at_the_start_if_it_is_to(agents: Agents, work: Work) -> None:
    agents.write(curator={"type": "manual", "runOnBoot": True})
    async with agents.running():
        await agents.until(agents.ended)
        await asyncio.sleep(0.02)
    assert work.begun == 1


async def test_a_file_that_is_broken_by_an_edit_leaves_the_one_before_in_force(agents: Agents, work: Work) -> None:
    async with agents.running():
        await agents.until(agents.ended)
        path = agents.home.root / "etc" / "agents.json"
        path.write_text("{")
        await agents.until(lambda: any("not JSON" in line for line in agents.lines))
        await asyncio.sleep(0.03)
        assert sum("not JSON" in line for line in agents.lines) == 1
        agents.write(curator={"interval": 60})
        agents.clock.moment += timedelta(hours=1)
        await agents.until(lambda: work.begun == 2)
    path.write_text("{")
    with pytest.raises(SettingError):
        await agents.scheduler().run(asyncio.Event())


async def test_work_that_another_program_does_is_left_to_it(agents: Agents, work: Work) -> None:
    work.answers = [AlreadyRunning("curate is already running")]
    async with agents.running():
        await agents.until(agents.ended)
        await asyncio.sleep(0.03)
    assert (agents.ended(), work.begun) == (["skipped"], 1)
    assert agents.record("curator").failures == 0


async def test_one_that_another_program_ran_since_the_look_is_left(agents: Agents, work: Work) -> None:
    programs, known = (agents.scheduler(), agents.scheduler()), load_agents(agents.home, agents.jobs)
    looks = [await program._look(known) for program in programs]
    became = [
        await program._attempt(look.agents["curator"], look) for program, look in zip(programs, looks, strict=True)
    ]
    assert [run.ended for run in became] == ["done", "skipped"]
    assert work.begun == 1
