"""What is done for a long thread between its turns, and what it must never cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig

from metahuman.locks import ThreadLocks
from metahuman.memory.checkpoints import open_checkpoints, open_overlay
from metahuman.state.errors import ModelDown, NoModelAnswered
from metahuman.state.summaries import MESSAGES, Summary
from metahuman.threads import Threads
from metahuman.upkeep import Upkeep
from tests.fakes import Answer, Slow, World, world
from tests.homes import TALK

CONFIG: RunnableConfig = {"configurable": {"thread_id": "t"}}
#: Turns of a thread that is due.
LONG = MESSAGES // 2 + 1
GIST = "They told of fact 0 in Lisbon and of other facts."


@dataclass
class Twin:
    """Threads in a folder, and a scripted world that talks on them."""

    folder: Path
    world: World
    threads: Threads
    upkeep: Upkeep
    values: dict[str, Any] = field(default_factory=dict)

    def script(self, *summaries: Answer, persona: Answer = "I nod.") -> None:
        self.world.provider.script = {"orchestrator": [TALK], "persona": [persona], "summarizer": list(summaries)}

    async def say(self, *summaries: Answer) -> None:
        """Talk for a turn, and begin the upkeep that follows it."""
        self.script(*summaries)
        said = {"messages": [HumanMessage("fact 99 in Lisbon")]}
        self.values = await self.threads.graph("dual").ainvoke(said, CONFIG)
        await self.threads.tidy("dual", "t")
        self.upkeep.start("dual", "t", self.values)

    async def talk_long(self, *summaries: Answer, turns: int = LONG) -> None:
        """As `say`, at the end of a thread of so many turns."""
        told = [[HumanMessage(f"fact {number} in Lisbon"), AIMessage("I nod.")] for number in range(turns - 1)]
        earlier = {"messages": [message for turn in told for message in turn]}
        await self.threads.graph("dual").aupdate_state(CONFIG, earlier, as_node="remember")
        await self.say(*summaries)

    async def done(self) -> None:
        """Return when the upkeep has come to its end."""
        await asyncio.gather(*self.upkeep._asking, *self.upkeep._writing)

    async def state(self) -> dict[str, Any]:
        return (await self.threads.graph("dual").aget_state(CONFIG)).values

    async def rows(self) -> int:
        (count,) = self.threads.saver.conn.execute("SELECT COUNT(*) FROM checkpoints").fetchone()
        return int(count)


@pytest.fixture
async def twin(tmp_path: Path) -> AsyncIterator[Twin]:
    it = world()
    async with AsyncExitStack() as opened:
        saver = await opened.enter_async_context(open_checkpoints(tmp_path / "checkpoints.sqlite"))
        overlay = await opened.enter_async_context(open_overlay(saver))
        threads = Threads(it.services, saver, overlay)
        upkeep = Upkeep(threads, ThreadLocks(tmp_path / "locks", 0.2), it.services)
        yield Twin(tmp_path, it, threads, upkeep)
        await upkeep.stop()


async def test_a_long_thread_is_condensed_and_the_next_turn_knows_it(twin: Twin) -> None:
    await twin.talk_long(GIST)
    await twin.done()
    state = await twin.state()
    assert state["summary"]["text"] == GIST
    assert state["summary"]["messages"] + len(state["messages"]) == 2 * LONG
    assert len(state["messages"]) <= MESSAGES / 2
    assert await twin.rows() == 1
    calls = [(call["role"], call["thread"]) for call in twin.world.audit.named("llm_call")]
    assert calls[-1] == ("summarizer", "t")
    await twin.say()
    persona = twin.world.provider.asked[-1]
    assert persona.messages[1].text.startswith(f"<earlier>\n{GIST}\n</earlier>\n\nfact")
    assert twin.values["messages"][-1].text == "I nod."


async def test_a_short_thread_costs_no_call_and_no_write(twin: Twin) -> None:
    await twin.talk_long(turns=3)
    await twin.done()
    assert "summary" not in await twin.state()


async def test_a_turn_need_not_wait_for_it_and_nothing_is_lost(twin: Twin) -> None:
    await twin.talk_long(Slow(GIST, 30))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    await twin.upkeep.stop()
    assert time.monotonic() - started < 1
    assert twin.world.audit.named("llm_call")[-1]["error"] == "cancelled"
    state = await twin.state()
    assert "summary" not in state
    assert len(state["messages"]) == 2 * LONG
    await twin.say(GIST)
    await twin.done()
    state = await twin.state()
    assert (state["summary"]["text"], state["summary"]["messages"] + len(state["messages"])) == (GIST, 2 * LONG + 2)


async def test_what_another_process_condensed_meanwhile_stands(twin: Twin) -> None:
    await twin.talk_long(Slow(GIST, 0.3))
    await asyncio.sleep(0.05)
    theirs = Summary(text="theirs", messages=1, madeBy="model", why=None)
    await twin.threads.graph("dual").aupdate_state(CONFIG, {"summary": theirs}, as_node="remember")
    await twin.done()
    state = await twin.state()
    assert state["summary"] == theirs
    assert len(state["messages"]) == 2 * LONG


async def test_a_thread_deleted_meanwhile_does_not_come_back(twin: Twin) -> None:
    await twin.talk_long(Slow(GIST, 0.3))
    await asyncio.sleep(0.05)
    await twin.threads.saver.adelete_thread("t")
    await twin.done()
    assert await twin.threads.saver.threads() == []


async def test_a_thread_that_is_spoken_on_elsewhere_is_left_to_them(twin: Twin) -> None:
    await twin.talk_long(Slow(GIST, 0.2))
    async with ThreadLocks(twin.folder / "locks", 1).hold("t"):
        (lock,) = (twin.folder / "locks").iterdir()
    with FileLock(lock):
        await twin.done()
    assert "summary" not in await twin.state()


async def test_a_turn_cut_short_meanwhile_is_not_touched(twin: Twin) -> None:
    await twin.talk_long(Slow(GIST, 0.3))
    await asyncio.sleep(0.05)
    twin.script(persona=ModelDown("no server"))
    with pytest.raises(NoModelAnswered):
        await twin.threads.graph("dual").ainvoke({"messages": [HumanMessage("are you there?")]}, CONFIG)
    await twin.done()
    state = await twin.threads.graph("dual").aget_state(CONFIG)
    assert state.next == ("persona",)
    assert "summary" not in state.values


async def test_a_mode_that_writes_nothing_condenses_nothing(twin: Twin) -> None:
    await twin.talk_long()
    await twin.upkeep.stop()
    before = await twin.state()
    twin.upkeep.start("emulation", "t", twin.values)
    await twin.done()
    assert await twin.state() == before


async def test_without_upkeep_a_thread_is_bounded_all_the_same(twin: Twin) -> None:
    """As in Studio, and where each turn is a process of its own."""
    await twin.talk_long(turns=2 * LONG)
    assert len(twin.values["messages"]) <= MESSAGES * 1.5
    assert twin.values["summary"]["madeBy"] == "extract"
    assert "overdue" in twin.values["summary"]["why"]
    assert "they said: fact 0 in Lisbon" in twin.values["summary"]["text"]
