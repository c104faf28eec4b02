"""`/v1`: the twin for clients that speak OpenAI's protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from metahuman.server.completion import JSON, Chunks, Completion, Piece, Whole
from metahuman.server.errors import Refused
from metahuman.server.openai_roles import PREFIX, answered, roles
from metahuman.server.openai_shapes import Asked
from metahuman.server.openai_turns import MODELS, spoken, turn
from metahuman.server.turns import ThreadName
from metahuman.server.twin import Opened, Twin

routes = APIRouter(prefix="/v1", tags=["OpenAI"])

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The completion; chunk by chunk with `stream`",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    }
}
Thread = Annotated[ThreadName | None, Header(alias="X-MetaHuman-Thread")]


@routes.get("/models")
def models(twin: Twin) -> JSON:
    """List the models: a whole turn in each mode, and the bare roles."""
    return {"object": "list", "data": [_model(name) for name in _names(twin)]}


@routes.get("/models/{name}")
def model(name: str, twin: Twin) -> JSON:
    """Return a model."""
    return _model(_known(name, twin))


@routes.post("/chat/completions", responses=_ANSWERS)
async def complete(asked: Asked, twin: Twin, request: Request, thread: Thread = None) -> Response:
    """Answer the last message: with a whole turn of the twin, or by a bare role.

    The header `X-MetaHuman-Thread`, or `user`, names the thread that a turn belongs to. With neither, the messages of
    the request are all that it knows of what came before, and nothing of it is kept.
    """
    _known(asked.model, twin)
    completion, streams = Completion(asked.model), request.app.state.streams
    pieces = _pieces(asked, twin, thread or asked.user, f"{request.base_url}")
    if not asked.stream:
        return Whole(completion.whole(pieces), streams)
    usage = bool(asked.stream_options and asked.stream_options.include_usage)
    return Chunks(completion.chunks(pieces, usage=usage), streams)


def _pieces(asked: Asked, twin: Opened, thread: str | None, page: str) -> AsyncIterator[Piece]:
    if asked.model.startswith(PREFIX):
        return answered(twin, asked)
    if asked.tools or (asked.response_format and asked.response_format.type != "text"):
        told = "a whole turn has tools and a form of its own; ask a bare role, such as role:fallback"
        raise Refused(400, "unsupported", told, "tools" if asked.tools else "response_format")
    return spoken(turn(twin, asked.model, asked.messages, thread), page)


def _names(twin: Opened) -> list[str]:
    return [*MODELS, *(f"{PREFIX}{role}" for role in roles(twin))]


def _known(name: str, twin: Opened) -> str:
    """Return a model's name.

    Raises:
        Refused: If there is none of that name.
    """
    if name not in _names(twin):
        told = f"the model {name!r} does not exist; /v1/models lists those that do"
        raise Refused(404, "model_not_found", told, "model")
    return name


def _model(name: str) -> JSON:
    return {"id": name, "object": "model", "created": 0, "owned_by": "metahuman"}
