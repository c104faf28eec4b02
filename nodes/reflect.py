"""Has the persona reflect on memories that came to mind; without a model, nothing is made up."""

from __future__ import annotations

from functools import partial

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.runtime import Runtime

from metahuman.nodes.dream import WORDS, as_memories, kept
from metahuman.nodes.prompts import render
from metahuman.state.asking import Answered, ask, model_for
from metahuman.state.context import TurnContext
from metahuman.state.dreaming import Dreaming, DreamState, Linked
from metahuman.state.services import Courtesy, Services

ROLE = "persona"


async def reflect(
    state: DreamState, runtime: Runtime[TurnContext], *, services: Services, dreaming: Dreaming, courtesy: Courtesy
) -> DreamState:
    """Return the reflection, saved as a memory unless the run is a dry one; or why there is none."""
    answered = await courtesy.gently(partial(_ask, state["chain"], runtime.context, services))
    made = await kept("reflection", answered, state, dreaming)
    return {"made": [made], "calls": answered.calls}


async def _ask(chain: list[Linked], context: TurnContext | None, services: Services) -> Answered[str]:
    model = model_for(ROLE, context, services.models)
    who = await services.memory.persona_summary()
    asked = render("reflecting", memories=as_memories(chain), words=str(WORDS))
    return await ask(model, [SystemMessage(who), HumanMessage(asked)], "reflection")
