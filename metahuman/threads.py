"""The turn graph as a home's threads go through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from langgraph.graph.state import CompiledStateGraph

from metahuman.graph.turn import build
from metahuman.memory.checkpoints import Overlay, ThreadSaver
from metahuman.state.context import Mode, TurnContext
from metahuman.state.modes import RULES
from metahuman.state.services import Services

if TYPE_CHECKING:  # an extra
    from metahuman.memory.postgres.checkpoints import PostgresThreadSaver

#: What keeps the threads of a home: a file, or a database.
Saver: TypeAlias = "ThreadSaver | PostgresThreadSaver"
#: The thread that `chat` and `ask` go on with when none is named.
MAIN = "main"
Graph = CompiledStateGraph[Any, TurnContext, Any, Any]


class Threads:
    """The turn graph over the home's checkpoints, and over an overlay of them for modes that write nothing.

    Args:
        services: What the nodes may ask for.
        saver: The home's checkpoints.
        overlay: A copy of them in memory.
    """

    def __init__(self, services: Services, saver: Saver, overlay: Overlay) -> None:
        turn = build(services)
        self.saver, self.overlay = saver, overlay
        self._durable: Graph = turn.compile(checkpointer=saver, name="turn")
        self._traceless: Graph = turn.compile(checkpointer=overlay, name="turn")

    def graph(self, mode: Mode) -> Graph:
        """Return the graph for a turn in `mode`."""
        return self._traceless if _is_traceless(mode) else self._durable

    async def tidy(self, mode: Mode, thread: str) -> None:
        """Keep a thread's latest state only; after a turn that counts, forget what emulation made of it."""
        if _is_traceless(mode):
            await self.overlay.aprune([thread])
        else:
            await self.saver.aprune([thread])
            await self.overlay.adelete_thread(thread)


def _is_traceless(mode: Mode) -> bool:
    return RULES[mode].writes == "nothing"
