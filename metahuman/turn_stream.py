"""A run of a turn graph, as its caller sees it: what happens, and the reply at the end."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Any, Final

from langgraph.types import StreamMode

from metahuman.reply import Event, Reply, Token, ask_in, events_of, reply_of
from metahuman.state.approvals import Ask
from metahuman.state.services import Clock

#: What a turn graph has to stream for it.
STREAMED: Final[tuple[StreamMode, ...]] = ("messages", "updates", "values")


class TurnStream:
    """Follows one run, and times it from now on.

    Args:
        clock: Where the time is from.

    Attributes:
        values: The state, as the last step left it.
        waiting: The call that waits for a person's word, if one does.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._started = clock, clock.milliseconds()
        self._first: float | None = None
        self.values: Mapping[str, Any] = {}
        self.waiting: Ask | None = None

    async def events(self, parts: AsyncIterable[Mapping[str, Any]]) -> AsyncIterator[Event]:
        """Yield what the parts of a graph's stream (`STREAMED`, version 2) mean to a person."""
        async for part in parts:
            self.waiting = ask_in(part) or self.waiting
            if part["type"] == "values":
                self.values = part["data"]
            for event in events_of(part):
                if self._first is None and isinstance(event, Token):
                    self._first = self._since_start()
                yield event

    def reply(self, thread: str) -> Reply:
        """Return the reply that the run ended with."""
        timing = {"first_token_ms": self._first, "latency_ms": self._since_start()}
        return reply_of(self.values, thread, self.waiting, **timing)

    def _since_start(self) -> float:
        return round(self._clock.milliseconds() - self._started, 2)
