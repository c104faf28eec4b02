"""The specialists by themselves: tasks in, what came of them out; the same nodes as in a turn, and nobody speaks."""

from __future__ import annotations

from functools import partial

from langgraph.graph import END, START, StateGraph

from metahuman.graph.routes import after_broker
from metahuman.nodes.broker import broker
from metahuman.nodes.specialist import specialist
from metahuman.state.context import TurnContext
from metahuman.state.services import Workshop
from metahuman.state.turn import TurnState

SpecialistsGraph = StateGraph[TurnState, TurnContext, TurnState, TurnState]


def build(services: Workshop) -> SpecialistsGraph:
    """Return the graph that runs the tasks of a given route; none of them may be the operator's.

    Args:
        services: What the nodes may ask for.
    """
    graph = StateGraph(TurnState, context_schema=TurnContext)
    graph.add_node("broker", partial(broker, services=services))
    graph.add_node("specialist", partial(specialist, services=services))
    graph.add_edge(START, "broker")
    graph.add_conditional_edges("broker", after_broker, {"specialist": "specialist", "persona": END})
    graph.add_edge("specialist", "broker")
    return graph
