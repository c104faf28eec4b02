"""What `langgraph.json` names: the graphs, the checkpointer and the store that LangGraph's own server runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from metahuman import curating, digesting
from metahuman.agents.yielding import Yielding
from metahuman.graph import curator as curator_graph
from metahuman.graph import digest as digest_graph
from metahuman.graph import dream as dream_graph
from metahuman.graph import turn as turn_graph
from metahuman.home import Home, find_home
from metahuman.memory.checkpoints import ThreadSaver, open_checkpoints
from metahuman.memory.curation.home import HomeCuration
from metahuman.memory.digest.dreams import HomeDreaming
from metahuman.memory.digest.home import HomeDigestion
from metahuman.memory_store import MemoryStore
from metahuman.studio_runs import Alone, PersonsTurn, Runs
from metahuman.wiring import HomeServices, open_services

Served = Pregel[Any, Any, Any, Any]
#: Steps of a run of the curator: enough for a hundred thousand memories, and an end to a run without one.
STEPS = 10_000


@cache
def _home() -> Home:
    home = find_home()
    home.create()
    return home


@cache
def _services() -> HomeServices:
    return open_services(_home())


@cache
def _courtesy() -> Yielding:
    return Yielding(_home())


@cache
def turn() -> Served:
    """Return the turn graph over METAHUMAN_HOME; what works in the background lets its turns go first."""
    return _served(turn_graph.build(_services()), PersonsTurn(_home()))


@cache
def curator() -> Served:
    """Return the curator's graph, one run of which is under way in a home at a time."""
    curation = HomeCuration(_home().root, _services().memory.keeper, _services().clock)
    graph = curator_graph.build(_services(), curation, _courtesy())
    return _served(graph, Alone(_home(), curating.NAME, _services().memory.ready))


@cache
def digest() -> Served:
    """Return the digest's graph; as for `curator`."""
    digestion = HomeDigestion(_services().memory.keeper, _services().persona_cache, _services().clock)
    graph = digest_graph.build(_services(), digestion, _courtesy())
    return _served(graph, Alone(_home(), digesting.DIGEST, _services().memory.ready))


@cache
def dream() -> Served:
    """Return the graph of dreams and reflections; as for `curator`."""
    dreaming = HomeDreaming(_services().memory.keeper, _services().audit, _services().clock)
    graph = dream_graph.build(_services(), dreaming, _courtesy())
    return _served(graph, Alone(_home(), digesting.DREAM, _services().memory.ready))


@asynccontextmanager
async def checkpointer() -> AsyncIterator[ThreadSaver]:
    """Open the server's threads: a file of their own, for Studio keeps every step of theirs to travel back to."""
    async with open_checkpoints(_home().checkpoints.with_name("studio.sqlite")) as saver:
        yield saver


@cache
def store() -> MemoryStore:
    """Return the home's memories, for Studio's panel of them."""
    return MemoryStore(_home(), _services())


def _served(graph: StateGraph[Any, Any, Any, Any], runs: Runs) -> Served:
    """Return a graph whose runs are held to what a home asks of them; the server runs it with its own checkpointer."""
    return graph.compile().with_config(RunnableConfig(callbacks=[runs], recursion_limit=STEPS))
