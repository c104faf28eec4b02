"""Runs a home's agents when they are due, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from metahuman.agents.jobs import JOBS, Job
from metahuman.agents.loading import Agents, load_agents, named
from metahuman.agents.person import PersonTurns
from metahuman.agents.records import Record, Records
from metahuman.agents.running import Run, Runner
from metahuman.agents.settings import Agent
from metahuman.agents.silence import silent
from metahuman.agents.timing import anchored, due, may_begin
from metahuman.home import Home
from metahuman.state.errors import MetaHumanError
from metahuman.state.services import Audit, Clock

#: Seconds between two looks at what is due: a machine that was asleep sees within that time that hours have passed.
EVERY = 10.0
#: Seconds for which an agent is left alone that could not run, or whose end could not be written.
LEFT_ALONE = 300.0


@dataclass(frozen=True)
class Look:
    """What is known at one look.

    Args:
        agents: The agents that are looked after, by name.
        records: What is known of their runs, as runs are reckoned from it.
        now: The time.
        last_turn: When a person's last turn ended.
    """

    agents: Mapping[str, Agent]
    records: Mapping[str, Record]
    now: datetime
    last_turn: datetime | None

    def due(self) -> list[str]:
        """Return the names of those that are due, those that go first before the others."""
        return due(self.agents, self.records, self.now, self.last_turn)


@dataclass
class Scheduler:
    """Runs the agents of a home. Several processes may do so for one home: no agent runs twice at once.

    Args:
        home: The home.
        audit: Where runs are written down.
        clock: The time.
        names: Those to look after; all by default.
        tell: Is told what happens, a line each.
        jobs: What each agent does.
        every: Seconds between two looks.
    """

    home: Home
    audit: Audit
    clock: Clock
    names: Sequence[str] = ()
    tell: Callable[[str], None] = lambda _: None
    jobs: Mapping[str, Job] = field(default_factory=lambda: JOBS)
    every: float = EVERY

    def __post_init__(self) -> None:
        self._runner = Runner(self.home, self.jobs, self.audit, self.clock)
        self._turns, self._records = PersonTurns(self.home), Records(self.home)
        self._running: dict[str, asyncio.Task[Run]] = {}
        self._left_alone: dict[str, float] = {}
        self._problem, self._boot = "", set[str]()

    async def run(self, stop: asyncio.Event) -> None:
        """Run agents when they are due, until `stop` is set; then end what runs, within seconds.

        Raises:
            BadChoice: If one of the names is no agent's.
            SettingError: If a file is wrong at the start; later the one before stays in force.
            StoreError: If one cannot be read at the start.
        """
        named(self.home, self.names, self.jobs)
        agents = self._load()
        self._boot = {name for name, agent in agents.known.items() if agent.settings.run_on_boot}
        stopped = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                agents = await self._begin_what_is_due(agents)
                waited_for = {stopped, *self._running.values()}
                await asyncio.wait(waited_for, timeout=self.every, return_when=asyncio.FIRST_COMPLETED)
                self._collect()
        finally:
            stopped.cancel()
            await self._end()

    def _load(self) -> Agents:
        return load_agents(self.home, self.jobs)

    async def _begin_what_is_due(self, agents: Agents) -> Agents:
        """Begin the agents that are due, as far as there is room; return the settings in force."""
        try:
            agents = await asyncio.to_thread(self._load)
            if agents.paused or await asyncio.to_thread(silent, self.home):
                return agents
            look = await self._look(agents)
        except MetaHumanError as error:  # a file that is being edited is whole again in a moment
            self._tell_once(str(error))
            return agents
        self._problem = ""
        if self._turns.under_way():
            return agents
        for name in self._ready(look)[: max(0, agents.concurrency - len(self._running))]:
            self._boot.discard(name)
            self._running[name] = asyncio.create_task(self._attempt(look.agents[name], look))
        return agents

    async def _look(self, agents: Agents) -> Look:
        """Read what is known, and bring it to what runs can be reckoned from."""
        looked_after = {name: agent for name, agent in agents.known.items() if not self.names or name in self.names}
        known, now = await asyncio.to_thread(self._records.read), self.clock.now()
        for name, agent in looked_after.items():
            if name not in self._running and known.get(name, Record()).ended == "running":
                await self._runner.settle(agent)
        records = await asyncio.to_thread(self._anchored, looked_after, now)
        return Look(looked_after, records, now, self._turns.last())

    def _anchored(self, agents: Mapping[str, Agent], now: datetime) -> dict[str, Record]:
        """Return the records of agents as runs can be reckoned from them; so they then stand in the file."""
        known = self._records.read()
        return {name: self._anchor(agent, known.get(name, Record()), now) for name, agent in agents.items()}

    def _anchor(self, agent: Agent, known: Record, now: datetime) -> Record:
        if anchored(agent, known, now) == known:
            return known
        return self._records.change(agent.name, lambda record: anchored(agent, record, now))

    def _ready(self, look: Look) -> list[str]:
        """Return the names of the agents that may begin, in order."""
        boot = [name for name in self._boot & look.agents.keys() if may_begin(look.agents[name], look.now)]
        names = dict.fromkeys([*sorted(boot), *look.due()])
        return [name for name in names if name not in self._running and self._may(name, look)]

    def _may(self, name: str, look: Look) -> bool:
        elsewhere = look.records[name].ended == "running"
        return not elsewhere and self._left_alone.get(name, 0) <= asyncio.get_running_loop().time()

    async def _attempt(self, agent: Agent, look: Look) -> Run:
        """Run an agent if nobody has run it since the look."""
        self.tell(f"{agent.name}: begins")
        seen = look.records[agent.name]
        return await self._runner.run(agent, lambda record: record.last_run == seen.last_run)

    def _collect(self) -> None:
        """Tell what became of the runs that have ended."""
        for name in [name for name, task in self._running.items() if task.done()]:
            task = self._running.pop(name)
            error = None if task.cancelled() else task.exception()
            if error or (not task.cancelled() and task.result().ended == "skipped"):
                self._left_alone[name] = asyncio.get_running_loop().time() + LEFT_ALONE
            if error is not None and not isinstance(error, MetaHumanError | OSError):
                raise error
            self.tell(f"{name}: {_in_words(task, error)}")

    async def _end(self) -> None:
        for task in self._running.values():
            task.cancel()
        if self._running:
            await asyncio.wait(self._running.values())
        self._collect()

    def _tell_once(self, problem: str) -> None:
        if problem != self._problem:
            self.tell(problem)
        self._problem = problem


def _in_words(task: asyncio.Task[Run], error: BaseException | None) -> str:
    if task.cancelled():
        return "stopped"
    return f"failed: {error}" if error else task.result().in_words
