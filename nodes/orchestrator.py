"""Decides where a turn goes."""

from __future__ import annotations

from typing import Any, cast

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime
from pydantic import BaseModel, Field

from metahuman.nodes.prompts import render
from metahuman.state.context import Mode, TurnContext, model_choice
from metahuman.state.errors import ModelError
from metahuman.state.events import route_decided
from metahuman.state.parts import DecidedBy, Destination, Route, TurnCall
from metahuman.state.prompting import fit, shorten
from metahuman.state.services import Services, mode_of, short_term_of
from metahuman.state.short_term import describe
from metahuman.state.turn import TurnState, TurnUpdate, call_record, question_of, thread_of

#: Earlier messages that the decision may rest on.
LAST_MESSAGES = 4
#: Characters of one of them, and of the message itself, that it takes to see what is wanted.
EARLIER, MESSAGE = 300, 3000


class TaskAnswer(BaseModel):
    """One thing the message asks for."""

    destination: Destination
    task: str = Field(max_length=400)


#: Where a turn goes that nobody decides on.
CONVERSATION = TaskAnswer(destination="conversation", task="")


class RouteAnswer(BaseModel):
    """What the orchestrator's model is asked to fill in."""

    tasks: list[TaskAnswer] = Field(min_length=1, max_length=4)
    topics: list[str] = Field(default_factory=list, max_length=3)
    intent: str = Field("", max_length=120)
    focus: str = Field("", max_length=120)
    confidence: float = Field(ge=0, le=1)


async def orchestrator(
    state: TurnState, runtime: Runtime[TurnContext], config: RunnableConfig, *, services: Services
) -> TurnUpdate:
    """Return the turn's route: the model's, or conversation where there is no model to decide."""
    started = services.clock.milliseconds()
    mode = await mode_of(runtime.context, services.memory)
    calls: list[TurnCall] = []
    if mode == "emulation" or not services.models.serves("orchestrator", mode):
        route = _route(RouteAnswer(tasks=[CONVERSATION], confidence=1), "mode")
    else:
        try:
            answer, calls = await _ask(state, runtime, mode, services)
            route = _route(answer, "model")
        except ModelError as error:
            safe = RouteAnswer(tasks=[CONVERSATION], confidence=0)
            route, calls = _route(safe, "fallback", str(error)), call_record(question_of(state).id, error)
    route["latencyMs"] = round(services.clock.milliseconds() - started, 2)
    await services.audit.arecord(route_decided(route, thread_of(config)))
    return {"mode": mode, "route": route, "calls": calls}


async def _ask(
    state: TurnState, runtime: Runtime[TurnContext], mode: Mode, services: Services
) -> tuple[RouteAnswer, list[TurnCall]]:
    question = question_of(state)
    chosen = model_choice(runtime.context, "orchestrator")
    known = await short_term_of(state, services.memory)
    earlier = [f"{one.type}: {shorten(one.text, EARLIER)}" for one in state["messages"][:-1][-LAST_MESSAGES:]]
    context = "\n".join(filter(None, [describe(known), *earlier])) or "This is the first message."
    # A model that only stands in for the role talks well enough, but its routes are guesses.
    model = services.models.chat_model(
        "orchestrator", mode=mode, model_id=chosen, listed_only=True
    ).with_structured_output(RouteAnswer, include_raw=True)
    prompt = [
        SystemMessage(render("orchestrator")),
        HumanMessage(render("routing", context=context, message=shorten(question.text, MESSAGE))),
    ]
    budget = services.models.prompt_budget("orchestrator", mode=mode, model_id=chosen)
    answer = cast(dict[str, Any], await model.ainvoke(fit(prompt, budget)))
    if answer["parsing_error"]:
        raise answer["parsing_error"]
    return answer["parsed"], call_record(question.id, answer["raw"])


def _route(answer: RouteAnswer, decided_by: DecidedBy, why: str | None = None) -> Route:
    return cast(Route, {**answer.model_dump(), "decidedBy": decided_by, "why": why, "latencyMs": 0})
