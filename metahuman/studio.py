"""What `langgraph.json` names: the graphs and the checkpointer that LangGraph's own server runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from metahuman.graph.turn import TurnGraph, build
from metahuman.home import Home, find_home
from metahuman.memory.checkpoints import ThreadSaver, open_checkpoints
from metahuman.wiring import open_services


@cache
def _home() -> Home:
    home = find_home()
    home.create()
    return home


@cache
def turn() -> TurnGraph:
    """Return the turn graph over METAHUMAN_HOME; the server compiles it with its own checkpointer."""
    return build(open_services(_home()))


@asynccontextmanager
async def checkpointer() -> AsyncIterator[ThreadSaver]:
    """Open the server's threads: a file of their own, for Studio keeps every step of theirs to travel back to."""
    async with open_checkpoints(_home().checkpoints.with_name("studio.sqlite")) as saver:
        yield saver
