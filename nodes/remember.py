"""Keeps what the turn taught: the memory, the short-term state, and a thread that does not grow."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from langchain_core.messages import RemoveMessage
from langchain_core.runnables import RunnableConfig

from metahuman.state.events import memory_saved, short_term_changed
from metahuman.state.memories import memory_id
from metahuman.state.modes import may_write
from metahuman.state.moments import iso
from metahuman.state.operating import steps_of
from metahuman.state.services import Services, short_term_of
from metahuman.state.short_term import Change, after_turn
from metahuman.state.summaries import OVERDUE, extracted, outdated
from metahuman.state.turn import TurnState, TurnUpdate, findings_of, question_of, thread_of


async def remember(state: TurnState, config: RunnableConfig, *, services: Services) -> TurnUpdate:
    """Return the new short-term state, and the summary of what the thread drops; write memory and state to the home.

    Where the mode lets nothing of the turn be written, only the thread itself goes on. A thread is condensed between
    its turns, see `summarize`; one that is overdue, because nobody came to it, is condensed here and by no model.
    """
    learned = partial(
        after_turn,
        route=state["route"],
        now=iso(services.clock.now()),
        findings=findings_of(state),
        steps=steps_of(state),
        thread=thread_of(config),
    )
    after = learned(await short_term_of(state, services.memory, services.clock))
    memory_id = None
    if may_write(state["mode"], done=bool(findings_of(state))):
        memory_id = await _write(state, learned, thread_of(config), services)
    services.classifier.expect([message.text for message in state["messages"][-2:]])
    return {**_condensed(state, services), "shortTerm": after, "memoryId": memory_id}


def _condensed(state: TurnState, services: Services) -> TurnUpdate:
    dropped = outdated(state["messages"], services.models.prompt_budget("persona", mode=state["mode"]), OVERDUE)
    if not dropped:
        return {}
    summary = extracted(state.get("summary"), dropped, "it was overdue: nothing had come between the turns to do it")
    return {"summary": summary, "messages": [RemoveMessage(id=str(message.id)) for message in dropped]}


async def _write(state: TurnState, learned: Change, thread: str | None, services: Services) -> str | None:
    """Write the turn, and what it changes in the home's short-term state; return the id of the memory that holds it."""
    recalled = [one["text"] for one in state["recalled"]["evidence"]]
    kept, changed = await asyncio.gather(
        services.memory.save(_memory(state, thread), recalled=recalled), services.memory.change_short_term(learned)
    )
    await asyncio.gather(
        services.audit.arecord(memory_saved(kept, thread)), services.audit.arecord(short_term_changed(changed, thread))
    )
    return kept.id


def _memory(state: TurnState, thread: str | None) -> dict[str, Any]:
    """Return the turn as an episodic memory; run again after a crash, it gets the same id."""
    question, answer, route = question_of(state), state["messages"][-1], state["route"]
    call = answer.response_metadata.get("modelCall", {})
    return {
        "id": memory_id(state["startedAt"], str(question.id)),
        "timestamp": state["startedAt"],
        "type": "conversation",
        "content": question.text,
        "response": answer.text,
        "tags": route["topics"],
        "entities": [],
        "links": [],
        "metadata": {
            "processed": False,
            "curated": False,
            "trainingConsent": True,
            "brokenOff": "broken" in answer.response_metadata,
            "model": call.get("model"),
            "modelId": call.get("modelId"),
            "cognitiveMode": state["mode"],
            "conversationId": thread,
            "turn": question.id,
            "usedOperator": any(finding["source"] == "operator" for finding in findings_of(state)),
        },
    }
