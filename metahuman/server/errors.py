"""What a client is told when something goes wrong: one line, one shape, and no traceback.

The shape is that of OpenAI's API, so that its clients understand it too:
`{"error": {"message", "type", "param", "code"}}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails
from starlette.responses import JSONResponse

from metahuman.agents.alone import AlreadyRunning
from metahuman.state.errors import (
    AnswerFirst,
    BadChoice,
    BadRequest,
    ContextOverflow,
    EmptyTurn,
    MetaHumanError,
    ModelError,
    ModelTimeout,
    NoModelAnswered,
    OverCap,
    ThreadBusy,
    TooFar,
)

#: What is told of a mistake of this program; the rest stands in its own log.
MISTAKE = "a mistake in this program; the server's own output says where"
STOPPING = "the server is stopping; `/retry` in a chat, or /api/chat/retry, answers the message after all"
#: The status of an error by its class; the first that fits. What is not here is the home's trouble: 503.
STATUS: tuple[tuple[type[MetaHumanError], int], ...] = (
    (BadChoice, 404),
    (EmptyTurn, 409),
    (AnswerFirst, 409),
    (ThreadBusy, 409),
    (AlreadyRunning, 409),
    (BadRequest, 400),
    (ContextOverflow, 400),
    (TooFar, 403),
    (OverCap, 429),
    (ModelTimeout, 504),
    (NoModelAnswered, 503),
    (ModelError, 502),
)


class ErrorDetail(BaseModel):
    """What went wrong: a line to act on, and words for programs."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(BaseModel):
    """The body of every answer that is an error."""

    error: ErrorDetail


class Refused(MetaHumanError):  # noqa: N818 - reads as what happened
    """The server does not do what a request asks for.

    Args:
        status: The HTTP status.
        code: A word for programs.
        message: What is wrong, and the remedy.
        param: What of the request is at fault.
        headers: Headers of the answer.
    """

    def __init__(
        self, status: int, code: str, message: str, param: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.code, self.param, self.headers = status, code, param, dict(headers or {})
        super().__init__(message)


@dataclass(frozen=True)
class Told:
    """An error as a client is told of it."""

    status: int
    error: ErrorDetail
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The answer's body."""
        return {"error": self.error.model_dump()}

    def response(self) -> JSONResponse:
        """Return the answer."""
        return JSONResponse(self.body, self.status, dict(self.headers))


def told(error: BaseException) -> Told:
    """Return what a client is told of an error."""
    if isinstance(error, Refused):
        return Told(error.status, _detail(error.status, str(error), error.code, error.param), error.headers)
    if not isinstance(error, MetaHumanError):
        return Told(500, _detail(500, MISTAKE, "mistake"))
    status = status_of(error)
    return Told(status, _detail(status, str(error), code_of(error)))


def status_of(error: MetaHumanError) -> int:
    """Return the HTTP status of an error; that of models which all failed alike is theirs."""
    if isinstance(error, NoModelAnswered) and error.failures:
        theirs = {status_of(failure) for _, failure in error.failures}
        return theirs.pop() if len(theirs) == 1 and theirs < {400, 403, 429, 504} else 503
    return next((status for kind, status in STATUS if isinstance(error, kind)), 503)


def code_of(error: MetaHumanError) -> str:
    """Return the word for programs: a model's kind of failure, else the error's name in snake_case."""
    if isinstance(error, ContextOverflow):
        return "context_length_exceeded"  # as OpenAI has it: clients shorten their prompt on this word
    if isinstance(error, ModelError):
        return error.kind
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def invalid(problem: ErrorDetails) -> Told:
    """Return what a client is told of a request that does not have the right shape."""
    place = ".".join(str(part) for part in problem["loc"] if part not in ("body", "query", "path", "header"))
    what = problem["msg"].removeprefix("Value error, ")
    return Told(400, _detail(400, f"{place}: {what}" if place else what, "invalid_request", place or None))


def _detail(status: int, message: str, code: str, param: str | None = None) -> ErrorDetail:
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    return ErrorDetail(message=" ".join(message.split()), type=kind, param=param, code=code)
