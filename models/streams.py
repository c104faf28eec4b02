"""A stream of an answer whose first words have come, so that no fallback is needed any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from metahuman.models.answers import whole_message
from metahuman.models.calls import speaks
from metahuman.models.hierarchy import Try
from metahuman.models.refusals import refusal
from metahuman.models.thinking import Thoughts
from metahuman.state.errors import EmptyAnswer, RefusedAnswer


class Opened:
    """The chunks seen so far, and those to come.

    Args:
        seen: The former.
        rest: The latter.
    """

    def __init__(self, seen: list[ChatGenerationChunk], rest: AsyncIterator[ChatGenerationChunk]) -> None:
        self._seen, self._rest = seen, rest

    async def __aiter__(self) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._seen:
            yield chunk
        async for chunk in self._rest:
            yield chunk

    async def aclose(self) -> None:
        """Leave the stream; its model stops generating."""
        await self._rest.aclose()  # type: ignore[attr-defined]


async def open_stream(this: Try, prompt: list[BaseMessage]) -> Opened:
    """Ask, and return the stream once its first word or tool call has come; thoughts are kept apart from the answer.

    Raises:
        RefusedAnswer: If the provider's filter withholds the answer.
        EmptyAnswer: If it ends before it has said anything.
        ModelError: If the model fails.
    """
    seen: list[ChatGenerationChunk] = []
    stream = _apart(this, prompt)
    async for chunk in stream:
        seen.append(chunk)
        if speaks(chunk.message):
            return Opened(seen, stream)
    if withheld := seen and refusal(whole_message(sum(seen[1:], seen[0]))):
        raise RefusedAnswer(withheld)
    raise EmptyAnswer("the answer is empty")


async def _apart(this: Try, prompt: list[BaseMessage]) -> AsyncIterator[ChatGenerationChunk]:
    """Yield the answer as it comes, what the model only thought moved out of its words."""
    thoughts = Thoughts()
    with this.explained():
        async with aclosing(this.chat._astream(prompt, **this.options)) as stream:  # type: ignore[type-var]  # noqa: SLF001
            async for chunk in stream:
                yield thoughts.of(chunk)
        if (held := thoughts.rest()) is not None:
            yield held
