"""The digest: looks back, has a model read the memories part by part, side by side, and keeps what can be counted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from metahuman.nodes.digest import digest
from metahuman.nodes.look_back import look_back
from metahuman.nodes.merge import merge
from metahuman.state.context import TurnContext
from metahuman.state.digesting import DigestInput, Digestion, DigestJob, DigestState
from metahuman.state.services import Courtesy, Services

DigestGraph = StateGraph[DigestState, TurnContext, DigestInput, DigestState]


def after_look_back(state: DigestState) -> Sequence[Send | str]:
    """Return who works next: one `digest` for each part of the memories; with no model to ask, all is there already."""
    chunks = state["chunks"]
    jobs = [DigestJob(part=part, of=len(chunks), noted=noted) for part, noted in enumerate(chunks, 1)]
    return [Send("digest", job) for job in jobs] or ["merge"]


def build(services: Services, digestion: Digestion, courtesy: Courtesy) -> DigestGraph:
    """Return the digest's graph with its services bound.

    Args:
        services: What the nodes may ask for.
        digestion: The memories, and the persona cache.
        courtesy: Lets a person's turn go first.
    """
    graph = StateGraph(DigestState, context_schema=TurnContext, input_schema=DigestInput)
    graph.add_node("look_back", partial(look_back, services=services, digestion=digestion))
    graph.add_node("digest", partial(digest, services=services, courtesy=courtesy))
    graph.add_node("merge", partial(merge, services=services, digestion=digestion))
    graph.add_edge(START, "look_back")
    graph.add_conditional_edges("look_back", after_look_back, ["digest", "merge"])
    graph.add_edge("digest", "merge")
    graph.add_edge("merge", END)
    return graph
