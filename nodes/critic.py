"""Looks at calls that went wrong, and says whether to try again, and how else."""

from __future__ import annotations

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.runtime import Runtime
from pydantic import BaseModel, Field

from metahuman.nodes.prompts import render
from metahuman.state.asking import ask_for
from metahuman.state.context import TurnContext, model_choice
from metahuman.state.operating import failed_lately, operator_tasks, told
from metahuman.state.prompting import as_block
from metahuman.state.services import Services
from metahuman.state.turn import Advice, TurnState, TurnUpdate, question_of

#: Said where no model can be asked: the operator sees the errors themselves.
UNADVISED = "mend the arguments as the errors say, or say that it cannot be done"


class Criticism(BaseModel):
    """What to do about calls that went wrong."""

    again: bool = Field(description="Whether trying again in another way can help.")
    advice: str = Field(description="How else to try, or why it cannot help, in one sentence.")


async def critic(state: TurnState, runtime: Runtime[TurnContext], *, services: Services) -> TurnUpdate:
    """Return advice on the calls that failed since the operator was last asked."""
    turn, mode, chosen = str(question_of(state).id), state["mode"], model_choice(runtime.context, "orchestrator")
    failed = "\n".join(f"{told(step['call'])}: {step['error']}" for step in failed_lately(state))
    asked = render("failed", data=as_block("data", failed), task=operator_tasks(state))
    model = services.models.chat_model("orchestrator", mode=mode, model_id=chosen, listed_only=True)
    answer = await ask_for(Criticism, model, [SystemMessage(render("critic")), HumanMessage(asked)], turn)
    advice = Advice(turn=turn, again=True, text=UNADVISED)
    if answer.value:
        advice = Advice(turn=turn, again=answer.value.again, text=answer.value.advice)
    return {"advice": advice, "calls": answer.calls}
