"""Turns that belong to no thread: what was said before comes with the request, and nothing of them is kept.

They are whole turns in every other way: routed, with memories recalled, tools called and specialists at work. No memory
is written, no short-term state, no checkpoint; the audit log has their decisions and model calls, as of every turn.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langchain_core.messages import AnyMessage

from metahuman.agents.person import PersonTurns
from metahuman.graph.turn import build
from metahuman.home import Home
from metahuman.reply import Event
from metahuman.state.acting import Acting, Approval, Call, Offer, Outcome, Ruling
from metahuman.state.context import Mode, TurnContext
from metahuman.state.kept import Kept
from metahuman.state.memories import Question
from metahuman.state.parts import Evidence, ShortTerm
from metahuman.state.services import Memory, Services, Tools
from metahuman.state.short_term import Change
from metahuman.state.turn import TurnInput
from metahuman.turn_stream import STREAMED, TurnStream
from metahuman.wiring import HomeServices

#: What such a turn is called where a thread is named.
NAME = "passing"
UNHEARD = "this conversation has no thread, so nobody can be asked; name one and ask again"


@dataclass(frozen=True)
class Unwritten:
    """The home's memory, in which nothing is written.

    Args:
        memory: The home's.
    """

    memory: Memory

    async def current_mode(self) -> Mode:
        """Return the owner's cognitive mode."""
        return await self.memory.current_mode()

    async def set_mode(self, mode: Mode, actor: str, moment: datetime) -> str:
        """Leave the mode as it is, and return it."""
        return await self.memory.current_mode()

    async def recall(self, question: Question) -> Sequence[Evidence]:
        """Return what bears on a question."""
        return await self.memory.recall(question)

    async def save(self, memory: Mapping[str, Any], *, recalled: Sequence[str] = ()) -> Kept:
        """Write nothing."""
        return Kept(None, None, "a conversation without a thread is not remembered", [])

    async def latest(self, containing: str, *, limit: int) -> list[dict[str, Any]]:
        """Return the latest memories."""
        return await self.memory.latest(containing, limit=limit)

    async def persona_summary(self) -> str:
        """Return who the twin is."""
        return await self.memory.persona_summary()

    async def short_term(self) -> ShortTerm:
        """Return what the home has in mind."""
        return await self.memory.short_term()

    async def change_short_term(self, change: Change) -> list[str]:
        """Write nothing."""
        return []


@dataclass(frozen=True)
class Unasked:
    """The operator's tools, where nobody can be asked: what needs a person's word is refused.

    Args:
        tools: The home's.
    """

    tools: Tools

    async def ready(self) -> None:
        """Find out which tools other programs have."""
        await self.tools.ready()

    def offered(self, acting: Acting) -> list[Offer]:
        """Return the tools that a model may be told of."""
        return self.tools.offered(acting)

    async def rule(self, call: Call, acting: Acting) -> Ruling:
        """Return what the policy says, and no where it says to ask."""
        ruling = await self.tools.rule(call, acting)
        return Ruling(**{**ruling, "verdict": "refuse", "why": UNHEARD}) if ruling["verdict"] == "ask" else ruling

    async def preview(self, call: Call, acting: Acting) -> str:
        """Return what a call would do."""
        return await self.tools.preview(call, acting)

    async def run(self, call: Call, acting: Acting, approval: Approval | None = None) -> Outcome:
        """Make a call if the policy lets it be made."""
        return await self.tools.run(call, acting, approval)

    async def always(self, call: Call, acting: Acting) -> dict[str, str]:
        """Let nothing be made from now on."""
        return {}

    def patience(self) -> float | None:
        """Return the seconds after which a person's word comes too late."""
        return self.tools.patience()


class PassingTurns:
    """Turns that belong to no thread.

    Args:
        home: The home.
        services: Its services.
    """

    def __init__(self, home: Home, services: HomeServices) -> None:
        of = services
        bound = Services(of.models, of.audit, of.clock, Unwritten(of.memory), Unasked(of.tools), of.classifier)
        self._graph = build(bound).compile(name="turn")
        self._clock, self._memory, self._person = of.clock, of.memory, PersonTurns(home)

    async def say(self, messages: Sequence[AnyMessage], context: TurnContext) -> AsyncIterator[Event]:
        """Answer the last of `messages`, and yield what happens; the last event is the reply.

        Args:
            messages: What was said, oldest first.
            context: The choices of this turn.
        """
        stream = TurnStream(self._clock)
        with self._person.hold():
            given = TurnInput(messages=[*messages])
            parts = self._graph.astream(given, context=context, stream_mode=STREAMED, version="v2")
            async for event in stream.events(parts):
                yield event
        yield stream.reply(NAME)

    def close(self) -> None:
        """Leave nothing behind."""
        self._person.close()
