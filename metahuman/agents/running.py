"""One run of an agent: alone in its home, written down before and after, and ended in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from metahuman.agents.alone import AlreadyRunning, alone
from metahuman.agents.jobs import Job
from metahuman.agents.person import PersonTurns
from metahuman.agents.records import Record, Records
from metahuman.agents.settings import Agent
from metahuman.agents.silence import SILENT, silent
from metahuman.agents.timing import next_run
from metahuman.home import Home
from metahuman.state.curation_events import agent_ended, agent_skipped, agent_started
from metahuman.state.errors import MetaHumanError
from metahuman.state.services import Audit, Clock

#: Seconds that a run has to tidy up when it is stopped.
GRACE = 5.0


class Run(NamedTuple):
    """What became of a run, in a word and in a line; one that is `skipped` never began."""

    ended: Literal["done", "failed", "stopped", "skipped"]
    told: str

    @property
    def in_words(self) -> str:
        """Both in a line."""
        return f"{self.ended}: {self.told}" if self.told else self.ended


def lock_of(name: str) -> str:
    """Return the name of the lock that an agent's run holds."""
    return f"agent {name}"


@dataclass(frozen=True)
class Runner:
    """Runs the agents of a home.

    Args:
        home: The home.
        jobs: What each does.
        audit: Where runs are written down.
        clock: The time.
    """

    home: Home
    jobs: Mapping[str, Job]
    audit: Audit
    clock: Clock

    async def run(self, agent: Agent, still: Callable[[Record], bool] = lambda _: True) -> Run:
        """Run an agent, unless it runs in another process or the mode is silent; cancelled, it first stops its work.

        Args:
            agent: The agent.
            still: Tells by its record whether it is still to be run, now that nobody else can run it.

        Raises:
            SettingError: If the file that holds the mode names none.
            StoreError: If what became of it cannot be written.
        """
        try:
            if await asyncio.to_thread(silent, self.home):
                return Run("skipped", SILENT)
            async with alone(self.home, lock_of(agent.name)):
                record = await self._record(agent)
                return await self._run(agent, record) if still(record) else Run("skipped", "it has just run")
        except AlreadyRunning as error:
            await self.audit.arecord(agent_skipped(agent.name, str(error)))
            return Run("skipped", str(error))

    async def settle(self, agent: Agent) -> None:
        """Write down that a run was cut short, if its process died; it counts as one that failed.

        Raises:
            StoreError: If it cannot be written.
        """
        with suppress(AlreadyRunning):
            async with alone(self.home, lock_of(agent.name)):
                record = await self._record(agent)
                if record.ended == "running":
                    await asyncio.to_thread(self._end, agent, record, Run("failed", "its process died"), 0.0)

    async def _run(self, agent: Agent, record: Record) -> Run:
        started, record = self.clock.milliseconds(), record.begun(self.clock.now())
        await asyncio.to_thread(self._write, agent, record)
        await self.audit.arecord(agent_started(agent.name, record.failures))
        work = asyncio.ensure_future(self.jobs[agent.name](self.home))
        cut = Run("stopped", "stopped before its end")
        try:
            await asyncio.wait([work], timeout=agent.settings.timeout)
            cut = Run("failed", f"not done after {agent.settings.timeout:g} seconds")
        finally:
            run = await _ended(work, cut)
            # This takes milliseconds, and is not cut short by being cancelled.
            self._end(agent, record, run, self.clock.milliseconds() - started)
        return run

    async def _record(self, agent: Agent) -> Record:
        return (await asyncio.to_thread(Records(self.home).read)).get(agent.name, Record())

    def _end(self, agent: Agent, record: Record, run: Run, took: float) -> None:
        """Write down how a run ended."""
        now = self.clock.now()
        if run.ended == "done":
            record = record.done(now, run.told)
        elif run.ended == "failed":
            record = record.failed(now, run.told, agent.settings)
        else:
            record = record.stopped(now, run.told)
        self._write(agent, replace(record, next=next_run(agent, record, now, PersonTurns(self.home).last()).at))
        self.audit.record(agent_ended(agent.name, run.ended, run.told, took))

    def _write(self, agent: Agent, record: Record) -> None:
        Records(self.home).change(agent.name, lambda _: record)


async def _ended(work: asyncio.Future[str], cut: Run) -> Run:
    """Return what became of work; what has not ended is cancelled, and has a moment to tidy up."""
    if not work.done():
        work.cancel()
        await asyncio.wait([work], timeout=GRACE)
    if not work.done() or work.cancelled():
        return cut
    error = work.exception()
    if error is None:
        return Run("done", work.result())
    if isinstance(error, AlreadyRunning):
        return Run("skipped", str(error))
    known = isinstance(error, MetaHumanError | OSError)
    return Run("failed", str(error) if known else f"a mistake in this program: {type(error).__name__}: {error}")
