"""Answers in the persona's voice: the only step that speaks to the person."""

from __future__ import annotations

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langgraph.runtime import Runtime

from metahuman.nodes.prompts import render
from metahuman.state.context import TurnContext, model_choice
from metahuman.state.errors import BrokenAnswer
from metahuman.state.prompting import as_block, as_data, fit
from metahuman.state.services import Services
from metahuman.state.turn import TurnState, TurnUpdate, call_record, findings_of, question_of


async def persona(state: TurnState, runtime: Runtime[TurnContext], *, services: Services) -> TurnUpdate:
    """Return the answer, spoken from the persona's own description, the thread, and the evidence of the turn.

    The evidence stands beside the last message, not in the system message, so that what comes before it is the same
    from turn to turn and a model's prompt cache holds. The thread's summary stands before its first message: it changes
    only when that message does.
    """
    question, mode = question_of(state), state["mode"]
    model_id = model_choice(runtime.context, "persona")
    evidence = as_data(state["recalled"]["evidence"], findings_of(state))
    asked = render("turn", evidence=evidence, message=question.text) if evidence else question.text
    system = render("persona", about=await services.memory.persona_summary())
    summary = state.get("summary")
    prompt = fit(
        [SystemMessage(system), *state["messages"][:-1], HumanMessage(asked)],
        services.models.prompt_budget("persona", mode=mode, model_id=model_id),
        as_block("earlier", summary["text"]) if summary else "",
    )
    try:
        answer = await services.models.chat_model("persona", mode=mode, model_id=model_id).ainvoke(prompt)
    except BrokenAnswer as error:
        # The person has read what had come: it is kept, and marked.
        partial = AIMessage(error.partial, id=error.message_id, response_metadata={"broken": str(error)})
        return {"messages": [partial], "calls": call_record(question.id, error)}
    return {"messages": [answer], "calls": call_record(question.id, answer)}
