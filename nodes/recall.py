"""Brings what memory knows to the turn, while the orchestrator decides."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig

from metahuman.state.moments import iso
from metahuman.state.parts import Recalled
from metahuman.state.services import Services
from metahuman.state.turn import TurnState, TurnUpdate, question_of, thread_of


async def recall(state: TurnState, config: RunnableConfig, *, services: Services) -> TurnUpdate:
    """Return the evidence that memory has for the message, and when the turn began; it has become no memory yet."""
    started, now = services.clock.milliseconds(), services.clock.now()
    thread = thread_of(config)
    evidence = await services.memory.recall(question_of(state).text, thread=thread)
    latency = round(services.clock.milliseconds() - started, 2)
    recalled = Recalled(evidence=list(evidence), latencyMs=latency)
    return {"startedAt": iso(now), "recalled": recalled, "memoryId": None}
