"""A completion as OpenAI's protocol answers it: in one piece, or chunk by chunk."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from metahuman.server.errors import told
from metahuman.server.iterating import reading
from metahuman.server.limits import Streams
from metahuman.server.streaming import EventStream, dumps
from metahuman.state.events import ModelCall

JSON = dict[str, Any]
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Said:
    """The next words."""

    text: str


@dataclass(frozen=True)
class Called:
    """Calls of tools that the client is to make."""

    calls: list[JSON]


@dataclass(frozen=True)
class Ended:
    """The end: why, what it took, and what is told of the turn beside the protocol's own fields."""

    finish: Literal["stop", "length", "tool_calls"]
    usage: JSON
    turn: JSON | None = None


Piece: TypeAlias = Said | Called | Ended


@dataclass(frozen=True)
class Completion:
    """One answer.

    Args:
        model: The model, as the client named it.
    """

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    async def whole(self, pieces: AsyncIterator[Piece]) -> AsyncIterator[bytes]:
        """Yield the answer, once it is whole."""
        text, calls, end = "", list[JSON](), Ended("stop", usage_of([]))
        async with reading(pieces) as coming:
            async for piece in coming:
                match piece:
                    case Said(words):
                        text += words
                    case Called(made):
                        calls += made
                    case Ended():
                        end = piece
        message: JSON = {"role": "assistant", "content": text or None if calls else text, "refusal": None}
        if calls:
            message["tool_calls"] = calls
        choice = {"index": 0, "message": message, "finish_reason": end.finish, "logprobs": None}
        turn = {"metahuman": end.turn} if end.turn else {}
        yield dumps({**self._frame("chat.completion"), "choices": [choice], "usage": end.usage, **turn}).encode()

    async def chunks(self, pieces: AsyncIterator[Piece], *, usage: bool) -> AsyncIterator[bytes]:
        """Yield the answer chunk by chunk; with `usage`, a last one says what it took."""
        begun, end = False, Ended("stop", usage_of([]))
        async with reading(pieces) as coming:
            async for piece in coming:
                if not begun:
                    begun = True
                    yield self._chunk({"role": "assistant", "content": ""}, usage=usage)
                match piece:
                    case Said(words):
                        yield self._chunk({"content": words}, usage=usage)
                    case Called(made):
                        numbered = [{"index": number, **call} for number, call in enumerate(made)]
                        yield self._chunk({"tool_calls": numbered}, usage=usage)
                    case Ended():
                        end = piece
        turn = {"metahuman": end.turn} if end.turn else {}
        yield self._chunk({}, end.finish, usage=usage, more=turn)
        if usage:
            yield _data({**self._frame("chat.completion.chunk"), "choices": [], "usage": end.usage})
        yield DONE

    def _frame(self, kind: str) -> JSON:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _chunk(self, delta: JSON, finish: str | None = None, *, usage: bool, more: JSON | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        last = {"usage": None} if usage else {}
        return _data({**self._frame("chat.completion.chunk"), "choices": [choice], **last, **(more or {})})


class Chunks(EventStream):
    """An answer chunk by chunk; an error in its midst is told as OpenAI's clients expect it."""

    def failed(self, error: BaseException) -> bytes:
        """Return how an error is told in the midst of the stream."""
        return _data(told(error).body)


class Whole(EventStream):
    """An answer in one piece; whoever goes away before it is there has its work stopped."""

    media_type = "application/json"

    def __init__(self, parts: AsyncIterator[bytes], streams: Streams) -> None:
        super().__init__(parts, streams, beat=math.inf)


def usage_of(calls: Iterable[ModelCall]) -> JSON:
    """Return the tokens of model calls, in the protocol's words."""
    tokens = [call["tokens"] for call in calls]
    prompt, completion = sum(one["prompt"] for one in tokens), sum(one["completion"] for one in tokens)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": sum(one["cached"] for one in tokens)},
    }


def _data(value: JSON) -> bytes:
    return f"data: {dumps(value)}\n\n".encode()
