"""Work of a call that is done in a thread, and ends soon after nobody waits for it any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from metahuman.state.errors import ToolError

T = TypeVar("T")
_STOPPED: ContextVar[threading.Event | None] = ContextVar("stopped", default=None)


async def in_thread(work: Callable[[], T]) -> T:
    """Return what `work` makes, without holding up the event loop; cancelled, it is told to stop and not waited for."""
    stop = threading.Event()
    before = _STOPPED.set(stop)
    try:
        return await asyncio.to_thread(work)  # which runs in a copy of this context
    finally:
        stop.set()
        _STOPPED.reset(before)


def stopped() -> bool:
    """Tell whether nobody waits any more for what this thread does."""
    stop = _STOPPED.get()
    return stop is not None and stop.is_set()


def go_on() -> None:
    """Do nothing, unless nobody waits any more.

    Raises:
        ToolError: If so.
    """
    if stopped():
        raise ToolError("it was stopped")
