"""One turn of conversation: orchestrator and recall side by side, then whoever must work, then the persona speaks."""

from __future__ import annotations

from functools import partial

from langgraph.graph import END, START, StateGraph

from metahuman.graph.routes import after_act, after_broker, after_operator, after_orchestrator, after_persona, at_once
from metahuman.nodes.act import act
from metahuman.nodes.broker import broker
from metahuman.nodes.critic import critic
from metahuman.nodes.operator import operator
from metahuman.nodes.orchestrator import orchestrator
from metahuman.nodes.persona import persona
from metahuman.nodes.recall import recall
from metahuman.nodes.remember import remember
from metahuman.nodes.specialist import specialist
from metahuman.state.context import TurnContext
from metahuman.state.services import Services
from metahuman.state.turn import TurnInput, TurnState

TurnGraph = StateGraph[TurnState, TurnContext, TurnInput, TurnState]


def build(services: Services) -> TurnGraph:
    """Return the turn graph with its services bound; compile it with a checkpointer of your own, or none.

    Args:
        services: What the nodes may ask for.
    """
    turn = StateGraph(TurnState, context_schema=TurnContext, input_schema=TurnInput)

    turn.add_node("orchestrator", partial(orchestrator, services=services))
    # Recall runs in one step with the orchestrator, so whoever comes next has its evidence; the drawing says for whom.
    turn.add_node("recall", partial(recall, services=services), destinations=("persona",))
    turn.add_node("broker", partial(broker, services=services))
    turn.add_node("specialist", partial(specialist, services=services))
    turn.add_node("operator", partial(operator, services=services))
    turn.add_node("act", partial(act, services=services))
    turn.add_node("critic", partial(critic, services=services))
    turn.add_node("persona", partial(persona, services=services))
    turn.add_node("remember", partial(remember, services=services))

    turn.add_edge(START, "orchestrator")
    turn.add_edge(START, "recall")
    turn.add_conditional_edges("orchestrator", at_once(after_orchestrator))
    turn.add_conditional_edges("broker", at_once(after_broker), ["specialist", "operator", "persona"])
    turn.add_edge("specialist", "broker")
    turn.add_conditional_edges("operator", at_once(after_operator))
    turn.add_conditional_edges("act", at_once(after_act))
    turn.add_edge("critic", "operator")
    turn.add_conditional_edges("persona", at_once(after_persona))
    turn.add_edge("remember", END)
    return turn
