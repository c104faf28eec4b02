"""The curator: picks memories, looks at them side by side, batch by batch, and brings the datasets up to them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from metahuman.nodes.curate import curate
from metahuman.nodes.pick import pick
from metahuman.nodes.settle import settle
from metahuman.state.context import TurnContext
from metahuman.state.curating import CurateJob, Curation, CurationInput, CurationState
from metahuman.state.services import Courtesy, Services

CuratorGraph = StateGraph[CurationState, TurnContext, CurationInput, CurationState]


def after_pick(state: CurationState) -> Sequence[Send | str]:
    """Return who works next: one `curate` for each memory that was picked; with none left, the run ends."""
    without = state.get("withoutModel", False)
    return [Send("curate", CurateJob(id=one, withoutModel=without)) for one in state["batch"]] or ["settle"]


def build(services: Services, curation: Curation, courtesy: Courtesy) -> CuratorGraph:
    """Return the curator's graph with its services bound. A run of many memories needs a higher recursion limit.

    Args:
        services: What the nodes may ask for.
        curation: The memories, and where what comes of them is kept.
        courtesy: Lets a person's turn go first.
    """
    graph = StateGraph(CurationState, context_schema=TurnContext, input_schema=CurationInput)
    graph.add_node("pick", partial(pick, curation=curation))
    graph.add_node("curate", partial(curate, services=services, curation=curation, courtesy=courtesy))
    graph.add_node("settle", partial(settle, services=services, curation=curation))
    graph.add_edge(START, "pick")
    graph.add_conditional_edges("pick", after_pick, ["curate", "settle"])
    graph.add_edge("curate", "pick")
    graph.add_edge("settle", END)
    return graph
