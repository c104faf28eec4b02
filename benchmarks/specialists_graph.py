"""What the graph itself costs a turn in which specialists work, on models that answer at once behind the provider seam.

Counted is the time from the broker's first start to the persona's start: two runs of the broker, the specialists' side
by side, LangGraph between them, the audit, and the checkpoints where there are any. Taken off is what the same model
calls take by themselves: the same prompts to the same roles, all at once, without a graph. What is left is prompts,
reading and checking answers, scheduling, state, audit of the specialists, and checkpoints.
"""

from __future__ import annotations

import asyncio
import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

from langchain_core.messages import HumanMessage

from benchmarks.overhead import percentile
from metahuman.clock import SystemClock
from metahuman.graph.turn import build
from metahuman.home import Home
from metahuman.memory.checkpoints import open_checkpoints
from metahuman.memory.home import HomeMemory
from metahuman.models.live import SAME_TIME
from metahuman.state.asking import ask, ask_for
from metahuman.state.context import TurnContext
from metahuman.state.crafts import SCHEMAS
from metahuman.state.moments import iso
from metahuman.state.parts import SPECIALISTS, Specialist, Task
from metahuman.state.routing import Judgement, Situation
from metahuman.state.services import Services
from metahuman.threads import Graph
from metahuman.wiring import HomeServices, open_services
from tests.classifiers import FakeClassifier
from tests.fakes import Answer, Asked, ScriptedProvider, registry_content
from tests.fanout import SAYS
from tests.homes import write_registry

MESSAGE = "Do all of these things, please"
#: Turns that are not counted: in the first, much is imported.
WARM = 3


class Moment(NamedTuple):
    """Milliseconds: of a clock, and of this program's processor time, which others on the machine hardly change."""

    wall: float
    processor: float

    @classmethod
    def now(cls) -> Moment:
        """Return this moment."""
        return cls(time.perf_counter() * 1000, time.process_time() * 1000)

    def since(self, other: Moment) -> Moment:
        """Return the milliseconds between two moments."""
        return Moment(self.wall - other.wall, self.processor - other.processor)


class Answering(ScriptedProvider):
    """Models that never run out of answers; notes when each was asked."""

    def __init__(self) -> None:
        super().__init__({})
        self.moments: list[Moment] = []

    def next(self, asked: Asked) -> Answer:
        """Return what the role says."""
        self.asked.append(asked)
        self.moments.append(Moment.now())
        return SAYS[asked.model_id]


class NotingClock(SystemClock):
    """The time, no two times the same, and when each was asked for: the broker's first look is in its work."""

    def __init__(self) -> None:
        self.noted: dict[str, Moment] = {}
        self._last = super().now()

    def now(self) -> datetime:
        """Return the time of day."""
        self._last = max(super().now(), self._last + timedelta(milliseconds=1))
        self.noted[iso(self._last)] = Moment.now()
        return self._last


class NotingMemory:
    """A memory that notes when the persona begins: who the twin is, nobody else asks.

    Args:
        memory: The memory.
    """

    def __init__(self, memory: HomeMemory) -> None:
        self._memory, self.moment = memory, Moment.now()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._memory, name)

    async def persona_summary(self) -> str:
        """Return who the twin is."""
        self.moment = Moment.now()
        return await self._memory.persona_summary()


class NotingClassifier(FakeClassifier):
    """A classifier that notes when it judged."""

    moment = Moment(0, 0)

    async def judge(self, situation: Situation) -> Judgement:
        """Return what it was told."""
        self.moment = Moment.now()
        return await super().judge(situation)


class Took(NamedTuple):
    """Milliseconds of one turn's fan-out.

    Args:
        whole: From the broker's first start to the persona's start.
        calls: The same model calls by themselves, all at once.
        handoff: From the classifier's word until a model is asked, and from when all are until the persona is.
    """

    whole: Moment
    calls: Moment
    handoff: float

    @property
    def own(self) -> Moment:
        """What is not the models'."""
        return self.whole.since(self.calls)


def fan_out(count: int) -> list[Task]:
    """Return so many tasks that need nothing of each other, for all specialists in turn."""
    roles = [SPECIALISTS[number % len(SPECIALISTS)] for number in range(count)]
    return [Task(destination=role, task=f"task number {number}", after=[]) for number, role in enumerate(roles)]


def judged(tasks: Sequence[Task]) -> Judgement:
    """Return a classifier's judgement that sends a message to all these, and is sure."""
    return Judgement([*tasks], 1.0, True, {tasks[0]["destination"]: 1.0})


def routed(services: HomeServices, tasks: Sequence[Task]) -> HomeServices:
    """Return services whose classifier knows where the message goes."""
    return dataclasses.replace(services, classifier=NotingClassifier({MESSAGE: judged(tasks)}))


def noting(services: HomeServices) -> HomeServices:
    """Return services whose clock and memory note when broker and persona begin."""
    memory = cast(HomeMemory, NotingMemory(services.memory))
    return dataclasses.replace(services, clock=NotingClock(), memory=memory)


def prepared(folder: Path) -> Home:
    """Return a new home whose models are scripted, once a look at its registry's file tells that it has not changed."""
    write_registry(folder, registry_content())
    time.sleep(SAME_TIME / 1e9 + 0.1)
    return Home(folder)


async def costs(home: Home, count: int, turns: int, *, checkpoints: bool) -> list[Took]:
    """Return what the fan-outs of so many turns took, after a few that are not counted.

    Args:
        home: A home that is prepared.
        count: Specialists in each.
        turns: How many.
        checkpoints: Whether every step is written to the home's database, as in a conversation.
    """
    provider = Answering()
    services = noting(routed(open_services(home, lambda _: provider), fan_out(count)))
    took = []
    async with AsyncExitStack() as opened:
        opened.push_async_callback(services.aclose)
        saver = await opened.enter_async_context(open_checkpoints(home.checkpoints)) if checkpoints else None
        graph = build(services).compile(checkpointer=saver)
        for number in range(turns + WARM):
            provider.asked.clear()
            provider.moments.clear()
            state = await _turn(graph, f"{count} at once, turn {number}", durable=checkpoints)
            asked = provider.asked[:-1]
            assert (len(asked), provider.asked[-1].model_id) == (count, "persona")
            began = services.clock.noted[state["work"]["began"]]  # type: ignore[attr-defined]
            there = provider.moments[0].since(services.classifier.moment)  # type: ignore[attr-defined]
            back = provider.moments[count].since(provider.moments[count - 1])
            whole = services.memory.moment.since(began)  # type: ignore[attr-defined]
            took.append(Took(whole, await _alone(services, asked), there.wall + back.wall))
    return took[WARM:]


async def _turn(graph: Graph, thread: str, *, durable: bool) -> dict[str, Any]:
    """Run a turn as `metahuman.turns` does, and return what it knows at its end."""
    parts = graph.astream(
        {"messages": [HumanMessage(MESSAGE, id=thread)]},
        {"configurable": {"thread_id": thread}},
        context=TurnContext(),
        stream_mode=["messages", "updates", "values"],
        version="v2",
        durability="sync" if durable else None,
    )
    values: dict[str, Any] = {}
    async for part in parts:
        values = part["data"] if part["type"] == "values" else values
    return values


async def _alone(services: Services, asked: Sequence[Asked]) -> Moment:
    """Return what calls take by themselves, all at once."""

    async def call(one: Asked) -> None:
        model = services.models.chat_model(one.model_id, mode="dual")
        schema = SCHEMAS.get(_specialist(one.model_id))
        answered: Any = await (ask_for(schema, model, one.messages, "t") if schema else ask(model, one.messages, "t"))
        assert answered.value, answered.error

    started = Moment.now()
    await asyncio.gather(*map(call, asked))
    return Moment.now().since(started)


def _specialist(name: str) -> Specialist:
    return next(one for one in SPECIALISTS if one == name)


def middle(took: Sequence[Took], figure: Callable[[Took], float]) -> tuple[float, float]:
    """Return the median and the 95th percentile of a figure."""
    values = [figure(one) for one in took]
    return round(statistics.median(values), 1), round(percentile(values, 0.95), 1)
