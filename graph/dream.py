"""The unconscious: memories come to mind, the dreamer dreams of them, and the persona reflects on them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from langgraph.graph import END, START, StateGraph

from metahuman.nodes.dream import dream
from metahuman.nodes.reflect import reflect
from metahuman.nodes.wander import wander
from metahuman.state.context import TurnContext
from metahuman.state.dreaming import Dreaming, DreamInput, DreamState
from metahuman.state.services import Courtesy, Services

DreamGraph = StateGraph[DreamState, TurnContext, DreamInput, DreamState]


def after_wander(state: DreamState) -> Sequence[Literal["dream", "reflect", "__end__"]]:
    """Return who works next: all that is wanted side by side; where nothing came to mind, the run ends."""
    wanted = state.get("wanted", ["dream"]) if state["chain"] else []
    found: list[Literal["dream", "reflect", "__end__"]] = ["dream"] if "dream" in wanted else []
    found += ["reflect"] if "reflection" in wanted else []
    return found or ["__end__"]


def build(services: Services, dreaming: Dreaming, courtesy: Courtesy) -> DreamGraph:
    """Return the unconscious's graph with its services bound.

    Args:
        services: What the nodes may ask for.
        dreaming: The memories, and where dreams are kept.
        courtesy: Lets a person's turn go first.
    """
    graph = StateGraph(DreamState, context_schema=TurnContext, input_schema=DreamInput)
    graph.add_node("wander", partial(wander, dreaming=dreaming))
    graph.add_node("dream", partial(dream, services=services, dreaming=dreaming, courtesy=courtesy))
    graph.add_node("reflect", partial(reflect, services=services, dreaming=dreaming, courtesy=courtesy))
    graph.add_edge(START, "wander")
    graph.add_conditional_edges("wander", after_wander, ["dream", "reflect", END])
    graph.add_edge("dream", END)
    graph.add_edge("reflect", END)
    return graph
