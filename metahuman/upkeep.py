"""What is done for a thread between its turns: a long one is condensed.

No answer waits for it, nor does the end of a program. It is done on a copy of the state, and written under the thread's
lock if the thread still stands as it did: a turn of another process, or the death of this one, costs the work and no
message.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, cast

from langchain_core.runnables import RunnableConfig, RunnableLambda

from metahuman.locks import ThreadLocks
from metahuman.nodes.summarize import due, summarize
from metahuman.state.context import Mode
from metahuman.state.errors import MetaHumanError
from metahuman.state.modes import may_write
from metahuman.state.services import Services
from metahuman.state.turn import TurnState, TurnUpdate
from metahuman.threads import Threads


class Upkeep:
    """Looks after the threads of a home, on the event loop that its turns run on.

    Args:
        threads: The threads.
        locks: Their locks.
        services: Whom it may ask.
    """

    def __init__(self, threads: Threads, locks: ThreadLocks, services: Services) -> None:
        self._threads, self._locks, self._services = threads, locks, services
        self._asking: set[asyncio.Task[None]] = set()
        self._writing: set[asyncio.Task[None]] = set()

    def start(self, mode: Mode, thread: str, values: Mapping[str, Any]) -> None:
        """Begin to look after a thread whose turn is over; this returns at once.

        Args:
            mode: The mode of the turn: one that writes nothing changes no thread.
            thread: Its name.
            values: Its state.
        """
        state = cast(TurnState, values)
        if not may_write(mode, done=True) or not due(state, self._services):
            return
        task = asyncio.create_task(self._look_after(mode, thread, state))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        task.add_done_callback(self._writing.discard)

    async def stop(self) -> None:
        """Stop what is under way, so that a turn has the models to itself. A turn's end starts it again."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, *self._writing, return_exceptions=True)

    async def _look_after(self, mode: Mode, thread: str, state: TurnState) -> None:
        config = RunnableConfig(configurable={"thread_id": thread})
        step = RunnableLambda(partial(summarize, services=self._services))  # it tells the audit which thread it is
        # Nothing depends on it: what goes wrong here is done by the thread's own turns when it is overdue.
        with suppress(MetaHumanError, sqlite3.DatabaseError):
            update = await step.ainvoke(state, config)
            task = cast(asyncio.Task[None], asyncio.current_task())
            self._asking.discard(task)  # from here on it takes milliseconds, and is let finish
            self._writing.add(task)
            async with self._locks.hold(thread, patience=0):
                await self._write(mode, config, state, update)
                await self._threads.saver.aprune([thread])

    async def _write(self, mode: Mode, config: RunnableConfig, seen: TurnState, update: TurnUpdate) -> None:
        """Write what came of it, if the thread still begins with the messages that it was made from."""
        graph = self._threads.graph(mode)
        now = await graph.aget_state(config)
        dropped = [message.id for message in update["messages"]]
        first = [message.id for message in now.values.get("messages", [])[: len(dropped)]]
        if not now.next and first == dropped and now.values.get("summary") == seen.get("summary"):
            await graph.aupdate_state(config, dict(update), as_node="remember")
