"""Routes that talk: a turn, its approvals, what is done again, and what went the wrong way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from metahuman.reply import Event
from metahuman.server.streaming import Events, EventStream, turn_events
from metahuman.server.twin import JSON, Twin
from metahuman.state.commands import specialists_named
from metahuman.state.context import Mode, Trust, TurnContext

routes = APIRouter(prefix="/api", tags=["turns"])

#: The name of a thread; what is longer is no name.
ThreadName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Word = Annotated[str, Field(min_length=1, max_length=100)]


class OnThread(BaseModel):
    """The conversation that is meant."""

    thread: ThreadName = "main"


class Said(OnThread):
    """A message to the twin."""

    message: Annotated[str, Field(min_length=1)]
    mode: Mode | None = None
    trust: Trust | None = None
    models: dict[Word, Word] = Field(default_factory=dict, description="A model id of the registry for a role.")


class Retry(OnThread):
    """A turn that was cut short is to be finished."""

    mode: Mode | None = None


class Again(OnThread):
    """Work that is to be done again; none for all that failed."""

    specialists: list[Word] = Field(default_factory=list)


class Answered(OnThread):
    """A person's word on the call that a thread waits with."""

    approved: bool
    arguments: dict[str, Any] | None = None
    always: bool = False
    why: str = ""


class Wrong(OnThread):
    """Where the last turn ought to have gone."""

    right: Annotated[list[Word], Field(min_length=1)]


class Judged(OnThread):
    """How good an answer was; the last of the thread, unless another turn is named."""

    score: Annotated[float, Field(ge=0, le=1)]
    comment: Annotated[str, Field(max_length=4_000)] = ""
    turn: Word | None = None


def stream(request: Request, events: AsyncIterator[Event]) -> EventStream:
    """Return a turn as an answer that streams."""
    return EventStream(turn_events(events), request.app.state.streams)


@routes.post("/chat", response_class=Events)
async def chat(said: Said, twin: Twin, request: Request) -> Response:
    """Say something; what happens comes as server-sent events, the reply last."""
    context = TurnContext(said.mode, dict(said.models), said.trust)
    return stream(request, twin.turns.say(said.message, said.thread, context))


@routes.post("/chat/retry", response_class=Events)
async def retry(asked: Retry, twin: Twin, request: Request) -> Response:
    """Answer a message whose turn was cut short."""
    return stream(request, twin.turns.finish(asked.thread, TurnContext(asked.mode)))


@routes.post("/again", response_class=Events)
async def again(asked: Again, twin: Twin, request: Request) -> Response:
    """Have specialists do their part of the last turn again."""
    return stream(request, twin.turns.again(specialists_named(asked.specialists), asked.thread))


@routes.post("/approvals/answer", response_class=Events)
async def answer(word: Answered, twin: Twin, request: Request) -> Response:
    """Give your word on the call that a thread waits with; its turn goes on."""
    given = word.model_dump(exclude={"thread"})
    return stream(request, twin.turns.answer(given, word.thread))


@routes.get("/approvals")
async def approvals(twin: Twin, thread: ThreadName | None = None) -> JSON:
    """List the calls of tools that wait for a person's word."""
    return {"approvals": await twin.turns.asks(thread)}


@routes.post("/wrong", status_code=204)
async def wrong(told: Wrong, twin: Twin) -> None:
    """Say where the last turn ought to have gone, so that `metahuman route retrain` learns from it."""
    await twin.acorrect(told.right, told.thread)


@routes.post("/feedback", status_code=204)
async def feedback(said: Judged, twin: Twin) -> None:
    """Say how good an answer was: 1 is good, 0 is bad."""
    await twin.afeedback(said.score, said.comment, said.turn, said.thread)
