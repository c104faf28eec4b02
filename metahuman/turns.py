"""The turns of a home's threads: begun, finished, answered; one at a time on each thread, in whatever process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from langchain_core.messages import HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.utils.uuid import uuid7
from langgraph.graph import START
from langgraph.types import Command, StateSnapshot

from metahuman.agents.person import PersonTurns
from metahuman.database import database_of, open_threads
from metahuman.home import Home
from metahuman.locks import ThreadLocks
from metahuman.memory.checkpoints import database_error, open_overlay
from metahuman.reply import Event, Reply, reply_of
from metahuman.state.ages import seconds_between
from metahuman.state.approvals import EXPIRED, Ask, refuse
from metahuman.state.broking import again
from metahuman.state.context import TurnContext
from metahuman.state.errors import AnswerFirst, EmptyTurn
from metahuman.state.files import whole
from metahuman.state.moments import iso
from metahuman.state.operating import told
from metahuman.state.services import mode_of
from metahuman.state.turn import TurnState, findings_of, question_of
from metahuman.threads import Threads
from metahuman.tracing import turn_config
from metahuman.turn_stream import STREAMED, TurnStream
from metahuman.upkeep import Upkeep
from metahuman.wiring import HomeServices


class Turns:
    """The turns of a home.

    Args:
        home: The home.
        services: Its services.
        patience: Seconds that a turn waits for another one on the same thread.
    """

    def __init__(self, home: Home, services: HomeServices, patience: float) -> None:
        self._home, self._services = home, services
        self._opened, self._opening = AsyncExitStack(), asyncio.Lock()
        self._database = database_of(home)
        self._locks, self._person = ThreadLocks(home.locks, patience, self._database), PersonTurns(home)
        self._threads: Threads | None = None
        self._upkeep: Upkeep | None = None

    async def say(self, message: str, thread: str, context: TurnContext) -> AsyncIterator[Event]:
        """Begin a turn and yield what happens.

        Raises:
            EmptyTurn: If nothing is said.
            AnswerFirst: If the thread waits for a person's word.
        """
        if not message.strip():
            raise EmptyTurn("there is nothing to answer: the message is empty")
        await self._free(thread)
        said = HumanMessage(whole(message).strip(), id=str(uuid7()))
        async for event in self._run({"messages": [said]}, thread, context):
            yield event

    async def finish(self, thread: str, context: TurnContext) -> AsyncIterator[Event]:
        """Finish a turn that was cut short, and yield what happens.

        Raises:
            EmptyTurn: If none was.
            AnswerFirst: If it waits for a person's word.
        """
        await self._free(thread)
        async for event in self._run(None, thread, context):
            yield event

    async def answer(self, answer: Any, thread: str) -> AsyncIterator[Event]:
        """Give a person's word on the call that a thread waits with, and yield what happens.

        Raises:
            EmptyTurn: If it waits with none.
        """
        state = await self._state(thread)
        if not state.interrupts:
            raise EmptyTurn(f"no call of a tool waits for an answer on thread {thread!r}")
        async for event in self._run(Command(resume=answer), thread, TurnContext(mode=state.values["mode"])):
            yield event

    async def again(self, specialists: Sequence[str], thread: str) -> AsyncIterator[Event]:
        """Have some of the last turn's work done again, and the persona speak anew; what is fine is not done again.

        Args:
            specialists: Whose work; none for all that failed.
            thread: The thread.

        Raises:
            EmptyTurn: If there is nothing to do again.
            AnswerFirst: If the thread waits for a person's word.
        """
        await self._free(thread)
        values = await self.values(thread)
        known = cast(TurnState, values)
        work = again(known["work"], findings_of(known), specialists) if "work" in known else None
        if work is None or work["turn"] != question_of(known).id:
            raise EmptyTurn(f"no specialist's work is to be done again on thread {thread!r}")
        last = known["messages"][-1]
        unsaid = [RemoveMessage(id=str(last.id))] if last.type == "ai" else []
        context = TurnContext(mode=known["mode"])
        async with self._locks.hold(thread), self._storing():
            graph = (await self._open()).graph(known["mode"])
            await graph.aupdate_state(_config(thread), {"work": work, "messages": unsaid}, as_node="orchestrator")
        async for event in self._run(None, thread, context):
            yield event
            if isinstance(event, Reply) and event.memory_id:
                await self._services.memory.revise(event.memory_id, event.question, event.text)

    async def unanswered(self, thread: str) -> str | None:
        """Return the message that a thread's last turn did not get to answer, if it was cut short."""
        state = await self._state(thread)
        if not state.next or state.interrupts:
            return None
        if START in state.next:  # it was cut short before the first step had taken the message in
            return await self._begun_with(thread)
        return question_of(cast(TurnState, state.values)).text

    async def asks(self, thread: str | None = None) -> list[Ask]:
        """Return the calls that wait for a person's word: on a thread, or on all of them."""
        names = await self.names() if thread is None else [thread]
        waiting = [(await self._state(name)).interrupts for name in names]
        return [cast(Ask, interrupt.value) for interrupts in waiting for interrupt in interrupts]

    async def values(self, thread: str) -> Mapping[str, Any]:
        """Return what a thread's latest turn knew."""
        return (await self._state(thread)).values

    async def last_reply(self, thread: str) -> Reply | None:
        """Return a thread's last reply with all that led to it, or None if it has none."""
        values = await self.values(thread)
        answered = values.get("messages") and values["messages"][-1].type == "ai"
        return reply_of(values, thread) if answered else None

    async def names(self) -> list[str]:
        """Return the names of all threads, the latest spoken in first."""
        async with self._storing():
            return await (await self._open()).saver.threads()

    async def delete(self, thread: str) -> None:
        """Forget a thread, and what tools brought in it."""
        async with self._locks.hold(thread), self._storing():
            threads = await self._open()
            for saver in (threads.saver, threads.overlay):
                await saver.adelete_thread(thread)
            await threads.saver.compact()
        await asyncio.to_thread(self._services.tools.forget, thread)

    async def close(self) -> None:
        """Close what is open; a later turn opens it again."""
        if self._upkeep:
            await self._upkeep.stop()
        self._threads = self._upkeep = None
        await asyncio.to_thread(self._person.close)
        await self._opened.aclose()

    async def _run(self, given: Any, thread: str, context: TurnContext) -> AsyncIterator[Event]:
        """Run one turn, or go on with one, with the thread locked against other processes."""
        stream = TurnStream(self._services.clock)
        mode = await mode_of(context, self._services.memory)
        config = turn_config(thread, mode, _begun_by(given))
        with self._person.hold():
            if self._upkeep:
                await self._upkeep.stop()
            async with self._locks.hold(thread), self._storing():
                threads = await self._open()
                if given is None and not (await threads.graph(mode).aget_state(config)).next:
                    raise EmptyTurn(f"nothing was left unanswered on thread {thread!r}")
                # What the operator means to do is on disk before it is done: what was done already can be told.
                parts = threads.graph(mode).astream(
                    given,
                    config,
                    context=replace(context, mode=mode),
                    stream_mode=STREAMED,
                    version="v2",
                    durability="sync",
                )
                async for event in stream.events(parts):
                    yield event
                await threads.tidy(mode, thread)
        if self._upkeep and not stream.waiting:
            self._upkeep.start(mode, thread, stream.values)
        yield stream.reply(thread)

    async def _free(self, thread: str) -> None:
        """See that a thread does not wait for a person's word; one that comes too late is taken for a no."""
        state = await self._state(thread)
        if not state.interrupts:
            return
        ask = cast(Ask, state.interrupts[0].value)
        patience = self._services.tools.patience()
        waited = seconds_between(state.values["startedAt"], iso(self._services.clock.now()))
        if patience is None or waited is None or waited <= patience:
            waits = f"thread {thread!r} waits for your word on {told(ask['call'])}"
            raise AnswerFirst(f"{waits}: answer it first (metahuman approvals)")
        late = refuse(ask["call"], "the answer came too late", EXPIRED)
        async for _ in self.answer(late, thread):
            pass

    async def _begun_with(self, thread: str) -> str | None:
        """Return the message that a turn was given; None if it was given none."""
        async with self._storing():
            kept = await (await self._open()).saver.aget_tuple(_config(thread))
        given = kept.checkpoint["channel_values"].get(START) if kept else None
        return str(given["messages"][-1].text) if isinstance(given, dict) and given.get("messages") else None

    async def _state(self, thread: str) -> StateSnapshot:
        """Return a thread's state as the owner's mode sees it."""
        mode = await self._services.memory.current_mode()
        async with self._storing():
            return await (await self._open()).graph(mode).aget_state(_config(thread))

    async def _open(self) -> Threads:
        async with self._opening:  # two turns may be the first at once
            if self._threads is None:
                saver = await self._opened.enter_async_context(open_threads(self._home, self._database))
                overlay = await self._opened.enter_async_context(open_overlay(saver))
                self._threads = Threads(self._services, saver, overlay)
                self._upkeep = Upkeep(self._threads, self._locks, self._services)
        return self._threads

    @asynccontextmanager
    async def _storing(self) -> AsyncIterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise database_error(self._home.checkpoints, error) from error


def _config(thread: str) -> RunnableConfig:
    return RunnableConfig(configurable={"thread_id": thread})


def _begun_by(given: Any) -> str | None:
    """Return the id of the message that a turn begins with; None if it goes on."""
    return str(given["messages"][0].id) if isinstance(given, dict) else None
