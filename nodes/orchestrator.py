"""Decides where a turn goes: by command, by classifier, by model, and failing all of them, safely."""

from __future__ import annotations

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from metahuman.nodes.prompts import render
from metahuman.state.asking import Answered, ask_for
from metahuman.state.commands import ruled
from metahuman.state.context import Mode, TurnContext, model_choice
from metahuman.state.events import route_decided
from metahuman.state.parts import Route, Task, TurnCall
from metahuman.state.prompting import fit, shorten
from metahuman.state.routes import RouteAnswer, answered, guessed, route_to
from metahuman.state.routing import Situation, situation_of
from metahuman.state.services import Services, mode_of, short_term_of
from metahuman.state.turn import TurnState, TurnUpdate, question_of, thread_of

#: Characters of a message that it takes a model to see what is wanted.
MESSAGE = 3000


async def orchestrator(
    state: TurnState, runtime: Runtime[TurnContext], config: RunnableConfig, *, services: Services
) -> TurnUpdate:
    """Return the turn's route, and who decided on it."""
    started = services.clock.milliseconds()
    mode = await mode_of(runtime.context, services.memory)
    message, calls = question_of(state).text, list[TurnCall]()
    if mode == "emulation" or not services.models.serves("orchestrator", mode):
        route = route_to(message, "mode", [Task(destination="conversation", task=message)])
    elif task := ruled(message):
        route = route_to(task["task"], "rule", [task])
    else:
        situation = situation_of(state["messages"], await short_term_of(state, services.memory, services.clock))
        route, calls = await _decide(situation, state, runtime, mode, services)
    route["latencyMs"] = round(services.clock.milliseconds() - started, 2)
    await services.audit.arecord(route_decided(route, thread_of(config)))
    # A turn may go on days later, in another program, and is still to be trusted no further than was said.
    trust = runtime.context.trust if runtime.context else None
    return {"mode": mode, "trust": trust, "route": route, "calls": calls}


def routing_prompt(situation: Situation) -> list[BaseMessage]:
    """Return what the orchestrator's model is asked about a situation."""
    context = "\n".join(situation.lines()) or "This is the first message."
    message = shorten(situation.message, MESSAGE)
    return [SystemMessage(render("orchestrator")), HumanMessage(render("routing", context=context, message=message))]


async def _decide(
    situation: Situation, state: TurnState, runtime: Runtime[TurnContext], mode: Mode, services: Services
) -> tuple[Route, list[TurnCall]]:
    """Return the classifier's route where it is sure, else the model's, else the classifier's, without its tools."""
    message, judged = situation.message, await services.classifier.judge(situation)
    if judged.sure:
        return route_to(message, "classifier", judged.tasks, judged.confidence, judged.urgency), []
    asked = Answered[RouteAnswer](None, None, [], "the classifier was not sure, and no model is to be asked")
    if judged.ask_model:
        asked = await _ask(situation, str(question_of(state).id), runtime, mode, services)
    if asked.value:
        return answered(asked.value, message, judged), asked.calls
    return guessed(message, judged, asked.error), asked.calls


async def _ask(
    situation: Situation, question: str, runtime: Runtime[TurnContext], mode: Mode, services: Services
) -> Answered[RouteAnswer]:
    chosen = model_choice(runtime.context, "orchestrator")
    # A model that only stands in for the role talks well enough, but its routes are guesses.
    model = services.models.chat_model("orchestrator", mode=mode, model_id=chosen, listed_only=True)
    budget = services.models.prompt_budget("orchestrator", mode=mode, model_id=chosen)
    return await ask_for(RouteAnswer, model, fit(routing_prompt(situation), budget), question)
