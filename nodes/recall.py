"""Brings what memory knows to the turn, while the orchestrator decides."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from metahuman.state.context import TurnContext, model_choice
from metahuman.state.events import memories_recalled
from metahuman.state.memories import Question
from metahuman.state.moments import iso
from metahuman.state.parts import Recalled
from metahuman.state.services import Services, mode_of
from metahuman.state.turn import TurnState, TurnUpdate, question_of, thread_of

#: What the evidence may take of the persona's prompt, and how many tokens at most: what fits best comes first.
SHARE, ROOM = 1 / 5, 800
#: Messages before the question that explain it, where it cannot stand alone.
EARLIER = 2


async def recall(
    state: TurnState, runtime: Runtime[TurnContext], config: RunnableConfig, *, services: Services
) -> TurnUpdate:
    """Return the evidence that memory has for the message, and when the turn began; it has become no memory yet."""
    started, now = services.clock.milliseconds(), services.clock.now()
    mode, messages = await mode_of(runtime.context, services.memory), state["messages"]
    chosen = model_choice(runtime.context, "persona")
    budget = services.models.prompt_budget("persona", mode=mode, model_id=chosen)
    before = state.get("recalled")
    question = Question(
        question_of(state).text,
        now,
        thread=thread_of(config),
        turns=[str(message.id) for message in messages if message.type == "human"],
        earlier=[message.text for message in messages[-1 - EARLIER : -1]],
        shown=[one["id"] for one in before["evidence"]] if before else [],
        tokens=min(int(budget * SHARE), ROOM),
        count=services.models.token_counter("persona", mode=mode, model_id=chosen),
    )
    evidence = await services.memory.recall(question)
    recalled = Recalled(evidence=list(evidence), latencyMs=round(services.clock.milliseconds() - started, 2))
    scores = {one["id"]: one["score"] for one in evidence}
    await services.audit.arecord(memories_recalled(scores, recalled["latencyMs"], question.thread))
    return {"startedAt": iso(now), "recalled": recalled, "memoryId": None}
