"""Routes for how the twin stands and what it did: status, events, usage, audit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from metahuman.audit.reader import Reader
from metahuman.server.board import Board
from metahuman.server.feed import first_then
from metahuman.server.iterating import reading
from metahuman.server.streaming import Events, EventStream, sse
from metahuman.server.twin import JSON, Twin
from metahuman.state.events import Level
from metahuman.usage import collect

routes = APIRouter(prefix="/api", tags=["records"])

By = Literal["day", "provider", "model", "model_id", "role", "mode", "thread"]
#: Events that are shown at a time, and at most; and how far back may be paged.
NEWEST, MOST, FURTHEST = 50, 500, 100_000


@routes.get("/status")
async def status(request: Request) -> Response:
    """Return who answers for which role and how that goes, what was used today, what runs next, and what there is."""
    board: Board = request.app.state.board
    return Response(board.fetch(), media_type="application/json")


@routes.get("/events", response_class=Events)
async def events(request: Request) -> Response:
    """Tell the status whenever it changes, and every audit event as it is written, as server-sent events."""
    return EventStream(_news(request.app.state.board), request.app.state.streams)


@routes.get("/usage")
def usage(
    twin: Twin,
    by: Annotated[list[By], Query(max_length=7)] = ["role", "model"],  # noqa: B006 - FastAPI copies it
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> JSON:
    """Return who was asked how much, and what it cost; in the last seven days, unless others are asked for."""
    return collect(twin.home, tuple(dict.fromkeys(by)) or ("role", "model"), since, until).as_json()


@routes.get("/audit")
def audit(
    twin: Twin,
    event: str | None = None,
    actor: str | None = None,
    role: str | None = None,
    level: Level | None = None,
    thread: str | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    number: Annotated[int, Query(ge=1, le=MOST)] = NEWEST,
    skip: Annotated[int, Query(ge=0, le=FURTHEST)] = 0,
) -> JSON:
    """Return the newest events that pass the filters, oldest first; `skip` leaves out so many that are newer."""
    reader = Reader(
        twin.home.audit,
        event=event,
        actor=actor,
        role=role,
        level=level,
        thread=thread,
        since=since,
        until=until,
    )
    found = reader.tail(number + skip + 1)
    shown = found[: len(found) - skip] if skip else found
    return {"events": shown[-number:], "broken": reader.broken, "more": len(shown) > number}


async def _news(board: Board) -> AsyncIterator[bytes]:
    async with reading(first_then("status", board.status, board.feed)) as happening:
        async for name, data in happening:
            yield sse(name, data)
