"""The Python API: a twin that is talked with."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from langchain_core.messages import AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from metahuman.corrections import correct_last
from metahuman.database import database_of, open_threads
from metahuman.home import Home, find_home
from metahuman.locks import ThreadLocks
from metahuman.memory.checkpoints import database_error, open_overlay
from metahuman.models.live import LiveRegistry
from metahuman.models.providers import Provider, open_provider
from metahuman.reply import Event, Reply, Token, events_of, last_of, reply_of
from metahuman.state.background import background
from metahuman.state.commands import COMMANDS, destination_named
from metahuman.state.context import Mode, TurnContext
from metahuman.state.errors import BadChoice, EmptyTurn
from metahuman.state.files import whole
from metahuman.state.modes import as_mode, switch_mode
from metahuman.state.parts import Destination
from metahuman.state.services import mode_of
from metahuman.state.turn import TurnState, question_of
from metahuman.threads import Threads
from metahuman.upkeep import Upkeep
from metahuman.wiring import open_services

#: The thread that `chat` and `ask` go on with when none is named.
MAIN = "main"


class MetaHuman:
    """A twin with its home. Use it as a context manager, or call `close` when done.

    Every method that talks has a twin for async callers, with an `a` before its name.

    Args:
        home: Its folder; by default METAHUMAN_HOME, else the platform's folder for user data.
        providers: Finds a model provider by name.
        patience: Seconds that a turn waits for another one on the same thread, in whatever process.

    Raises:
        StoreError: If the home cannot be created or written.
        SettingError: If its model registry cannot be used.

    Attributes:
        short_term: What the home has in mind: focus, tasks, topics, tool outputs. A change counts from the next turn.
        persona_cache: What the twin keeps referring to: facts, catchphrases, quirks, themes.
    """

    def __init__(
        self,
        home: Home | Path | str | None = None,
        *,
        providers: Callable[[str], Provider] = open_provider,
        patience: float = 30.0,
    ) -> None:
        self.home = home if isinstance(home, Home) else find_home(home)
        self.home.create()
        self.services = open_services(self.home, providers)
        self.short_term, self.persona_cache = self.services.short_term, self.services.persona_cache
        self._opened, self._opening = AsyncExitStack(), asyncio.Lock()
        self._database = database_of(self.home)
        self._locks = ThreadLocks(self.home.locks, patience, self._database)
        self._threads: Threads | None = None
        self._upkeep: Upkeep | None = None

    def chat(self, message: str, *, thread: str = MAIN, mode: Mode | None = None, **models: str) -> Reply:
        """Say something and return the reply.

        Args:
            message: What is said.
            thread: The conversation it belongs to; it is remembered across processes.
            mode: The cognitive mode of this turn; the owner's own by default.
            models: A model id of the registry for a role, for this turn: `persona="embedded"`.

        Raises:
            MetaHumanError: See `metahuman.state.errors`; each is one line to act on.
        """
        return last_of(self.stream(message, thread=thread, mode=mode, **models))

    def stream(self, message: str, *, thread: str = MAIN, mode: Mode | None = None, **models: str) -> Iterator[Event]:
        """Say something and yield what happens as it happens; the last event is the `Reply`. As for `chat`."""
        return background.iterate(self._say(message, thread, _context(mode, models)))

    async def achat(self, message: str, *, thread: str = MAIN, mode: Mode | None = None, **models: str) -> Reply:
        """As `chat`, for async callers."""
        return last_of([event async for event in self.astream(message, thread=thread, mode=mode, **models)])

    def astream(
        self, message: str, *, thread: str = MAIN, mode: Mode | None = None, **models: str
    ) -> AsyncIterator[Event]:
        """As `stream`, for async callers."""
        return background.aiterate(self._say(message, thread, _context(mode, models)))

    def unanswered(self, thread: str = MAIN) -> str | None:
        """Return the message that a thread's last turn did not get to answer, if it was cut short."""
        return background.run(self._unanswered(thread))

    def resume(self, thread: str = MAIN, *, mode: Mode | None = None) -> Iterator[Event]:
        """Finish a turn that was cut short, from the step it had come to; as `stream`.

        Raises:
            EmptyTurn: If none was.
        """
        return background.iterate(self._turn(None, thread, _context(mode, {})))

    def history(self, thread: str = MAIN) -> list[AnyMessage]:
        """Return the messages that a thread still holds, oldest first."""
        return list(background.run(self._values(thread)).get("messages", []))

    def last_reply(self, thread: str = MAIN) -> Reply | None:
        """Return a thread's last reply with all that led to it, or None if it has none."""
        values = background.run(self._values(thread))
        answered = values.get("messages") and values["messages"][-1].type == "ai"
        return reply_of(values, thread) if answered else None

    def correct(self, *right: str, thread: str = MAIN) -> None:
        """Say where the last turn ought to have gone, so that `metahuman route retrain` learns from it.

        Args:
            right: A destination, or several if the message asked for several things: conversation, memory, operator,
                coder, planner, summarizer, curator or dreamer, or the name of the command that goes there ("tools").
            thread: The conversation.

        Raises:
            BadChoice: If there is no such destination.
            EmptyTurn: If nothing has been said on the thread.
            StoreError: If it cannot be written.
        """
        destinations = [destination_named(word) for word in right]
        if not destinations:
            raise BadChoice(f"say where it ought to have gone: {', '.join(COMMANDS)}")
        background.run(self._correct(destinations, thread))

    def memories(self, containing: str = "", *, limit: int = 10) -> list[dict[str, Any]]:
        """Return the latest memories, newest first.

        Args:
            containing: Only those in whose text this stands, in whatever case.
            limit: How many at most.
        """
        return background.run(self.services.memory.latest(containing, limit=limit))

    def threads(self) -> list[str]:
        """Return the names of all threads, the latest spoken in first."""
        return background.run(self._names())

    def delete_thread(self, thread: str) -> None:
        """Forget a thread's messages; the memories made from them stay."""
        background.run(self._delete(thread))

    @property
    def mode(self) -> Mode:
        """The owner's cognitive mode, which holds for every turn that chooses no other.

        Raises:
            SettingError: If the file that holds it names none.
        """
        return background.run(self.services.memory.current_mode())

    def switch_mode(self, mode: str, actor: str = "human") -> None:
        """Make `mode` the owner's cognitive mode, here and in every other program, until it is switched again.

        Args:
            mode: dual, agent or emulation.
            actor: Who wants it, for the audit.

        Raises:
            SettingError: If there is no such mode, or the file that holds it is not JSON.
            StoreError: If it cannot be written.
        """
        of = self.services
        background.run(switch_mode(mode, actor, of.memory, of.audit, of.clock))

    @property
    def registry(self) -> LiveRegistry:
        """The model registry: calling it gives the one in force, `override` changes it for a while."""
        return self.services.registry

    def close(self) -> None:
        """Close the home's files. Using the twin again opens them again."""
        background.run(self._close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _say(self, message: str, thread: str, context: TurnContext) -> AsyncIterator[Event]:
        if not message.strip():
            raise EmptyTurn("there is nothing to answer: the message is empty")
        said = HumanMessage(whole(message).strip(), id=str(uuid.uuid4()))
        async for event in self._turn({"messages": [said]}, thread, context):
            yield event

    async def _turn(self, said: Mapping[str, Any] | None, thread: str, context: TurnContext) -> AsyncIterator[Event]:
        """Run one turn, or finish one, with the thread locked against other processes."""
        clock, config = self.services.clock, _config(thread)
        started, first = clock.milliseconds(), None
        mode = await mode_of(context, self.services.memory)
        if self._upkeep:
            await self._upkeep.stop()
        async with self._locks.hold(thread), self._storing():
            threads = await self._open()
            if said is None and not (await threads.graph(mode).aget_state(config)).next:
                raise EmptyTurn(f"nothing was left unanswered on thread {thread!r}")
            parts = threads.graph(mode).astream(
                said, config, context=context, stream_mode=["messages", "updates", "values"], version="v2"
            )
            values: Mapping[str, Any] = {}
            async for part in parts:
                if part["type"] == "values":
                    values = part["data"]
                for event in events_of(part):
                    first = first or (clock.milliseconds() if isinstance(event, Token) else None)
                    yield event
            await threads.tidy(mode, thread)
        if self._upkeep:
            self._upkeep.start(mode, thread, values)
        ended = clock.milliseconds()
        first_token = round(first - started, 2) if first else None
        yield reply_of(values, thread, first_token_ms=first_token, latency_ms=round(ended - started, 2))

    async def _unanswered(self, thread: str) -> str | None:
        state = await self._state(thread)
        return question_of(cast(TurnState, state.values)).text if state.next else None

    async def _values(self, thread: str) -> Mapping[str, Any]:
        return (await self._state(thread)).values

    async def _state(self, thread: str) -> StateSnapshot:
        """Return a thread's state as the owner's mode sees it."""
        mode = await self.services.memory.current_mode()
        async with self._storing():
            return await (await self._open()).graph(mode).aget_state(_config(thread))

    async def _correct(self, right: list[Destination], thread: str) -> None:
        await correct_last(self.home, self.services, await self._values(thread), right)

    async def _names(self) -> list[str]:
        async with self._storing():
            return await (await self._open()).saver.threads()

    async def _delete(self, thread: str) -> None:
        async with self._locks.hold(thread), self._storing():
            threads = await self._open()
            for saver in (threads.saver, threads.overlay):
                await saver.adelete_thread(thread)
            await threads.saver.compact()

    async def _close(self) -> None:
        if self._upkeep:
            await self._upkeep.stop()
        self._threads = self._upkeep = None
        await self._opened.aclose()
        await self.services.models.aclose()
        await asyncio.to_thread(self.services.memory.close)
        self.services.audit.close()

    async def _open(self) -> Threads:
        async with self._opening:  # two turns may be the first at once
            if self._threads is None:
                saver = await self._opened.enter_async_context(open_threads(self.home, self._database))
                overlay = await self._opened.enter_async_context(open_overlay(saver))
                self._threads = Threads(self.services, saver, overlay)
                self._upkeep = Upkeep(self._threads, self._locks, self.services)
        return self._threads

    @asynccontextmanager
    async def _storing(self) -> AsyncIterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise database_error(self.home.checkpoints, error) from error


def _context(mode: str | None, models: dict[str, str]) -> TurnContext:
    return TurnContext(None if mode is None else as_mode(mode), models)


def _config(thread: str) -> RunnableConfig:
    return RunnableConfig(configurable={"thread_id": thread})
