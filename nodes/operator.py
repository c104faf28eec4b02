"""Decides what the operator does next: a model names the tools to call, or says that the task is done."""

from __future__ import annotations

from typing import NamedTuple

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from metahuman.nodes.prompts import render
from metahuman.state.acting import Offer
from metahuman.state.artifacts import brief
from metahuman.state.asking import ask_whole
from metahuman.state.briefing import made_here
from metahuman.state.context import TurnContext, model_choice
from metahuman.state.operating import acting_of, exhausted, new_calls, operator_finding, operator_tasks, steps_of
from metahuman.state.parts import TurnCall
from metahuman.state.plans import Wanted, as_functions, called, transcript
from metahuman.state.prompting import as_block, shorten
from metahuman.state.services import Services, short_term_of
from metahuman.state.short_term import OUTPUT, get_orchestrator_context
from metahuman.state.turn import TurnState, TurnUpdate, advice_of, question_of, thread_of

#: Characters that a token has, about: three in most languages; outputs share half of the prompt.
CHARACTERS = 3


class Move(NamedTuple):
    """What a model wants called next, what it says, and why nothing came of asking it."""

    wanted: list[Wanted]
    note: str
    error: str | None
    calls: list[TurnCall]


async def operator(
    state: TurnState, runtime: Runtime[TurnContext], config: RunnableConfig, *, services: Services
) -> TurnUpdate:
    """Return the calls to make next, or what was found once there is nothing more to do."""
    await services.tools.ready()
    offers = services.tools.offered(acting_of(state, thread_of(config)))
    advice, spent = advice_of(state), exhausted(state)
    if stop := spent or (advice["text"] if advice and not advice["again"] else None):
        return {"pending": [], "findings": [operator_finding(state, "", stop)]}
    move = await _ask(state, runtime, offers, services)
    if not move.wanted:
        return {"pending": [], "calls": move.calls, "findings": [operator_finding(state, move.note, move.error)]}
    return {"pending": new_calls(move.wanted, state), "planned": len(steps_of(state)), "calls": move.calls}


async def _ask(state: TurnState, runtime: Runtime[TurnContext], offers: list[Offer], services: Services) -> Move:
    chosen, mode, turn = model_choice(runtime.context, "orchestrator"), state["mode"], str(question_of(state).id)
    model = services.models.chat_model("orchestrator", mode=mode, model_id=chosen, listed_only=True)
    budget = services.models.prompt_budget("orchestrator", mode=mode, model_id=chosen)
    room = max(200, budget * CHARACTERS // 2 // max(1, len(steps_of(state))))
    asked = [*await _prompt(state, services), *transcript(steps_of(state), room)]
    answer = await ask_whole(model.bind_tools(as_functions(offers)), asked, turn)
    wanted, note = called(answer.message) if answer.message else ([], "")
    return Move(wanted, note, answer.error, answer.calls)


async def _prompt(state: TurnState, services: Services) -> list[BaseMessage]:
    """Return the task and what bears on it; what others may have written is marked as data."""
    in_mind = get_orchestrator_context(await short_term_of(state, services.memory, services.clock), OUTPUT)
    recalled = "\n".join(f"- {one['timestamp'][:10]} {one['text']}" for one in state["recalled"]["evidence"])
    advice = advice_of(state)
    made = "\n".join(f"Made here: {one['name']}: {shorten(brief(one), OUTPUT)}" for one in made_here(state))
    data = [in_mind, recalled, made, f"A word about what went wrong: {advice['text']}" if advice else ""]
    asked = render(
        "operating",
        data=as_block("data", "\n".join(filter(None, data))),
        task=operator_tasks(state),
        message=question_of(state).text,
    )
    now = services.clock.now().astimezone()
    return [SystemMessage(render("operator", now=f"{now:%A %d %B %Y %H:%M %Z}")), HumanMessage(asked)]
