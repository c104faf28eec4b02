"""Keeps what the turn taught: the memory, and the short-term state."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from langchain_core.messages import RemoveMessage
from langchain_core.runnables import RunnableConfig

from metahuman.state.events import memory_saved, short_term_changed
from metahuman.state.modes import may_write
from metahuman.state.moments import iso
from metahuman.state.parts import ShortTerm
from metahuman.state.services import Services, short_term_of
from metahuman.state.short_term import after_route
from metahuman.state.turn import TurnState, TurnUpdate, findings_of, question_of, thread_of

#: A thread that has grown to so many messages keeps the latest half; the others live on as memories. Dropped one
#: turn at a time, the prompt would begin anew each time, and no model's prompt cache would hold.
FULL_THREAD = 20


async def remember(state: TurnState, config: RunnableConfig, *, services: Services) -> TurnUpdate:
    """Return the new short-term state and drop the thread's oldest messages; write memory and state to the home.

    Where the mode lets nothing of the turn be written, only the thread itself goes on.
    """
    before = await short_term_of(state, services.memory)
    after = after_route(before, state["route"], iso(services.clock.now()))
    memory_id = None
    if may_write(state["mode"], done=bool(findings_of(state))):
        changed = [key for key, value in after.items() if value != before.get(key)]
        memory_id = await _write(state, after, changed, thread_of(config), services)
    messages = state["messages"]
    services.classifier.expect([message.text for message in messages[-2:]])
    outdated = messages[: -FULL_THREAD // 2] if len(messages) > FULL_THREAD else []
    dropped = [RemoveMessage(id=str(message.id)) for message in outdated]
    return {"messages": dropped, "shortTerm": after, "memoryId": memory_id}


async def _write(
    state: TurnState, short_term: ShortTerm, changed: list[str], thread: str | None, services: Services
) -> str:
    """Write the turn and the short-term state to the home; return the memory's id."""
    memory = _memory(state, thread)
    path = await services.memory.save(memory)
    await services.audit.arecord(memory_saved(memory["id"], path, thread))
    await services.memory.keep_short_term(short_term)
    await services.audit.arecord(short_term_changed(changed, thread))
    return str(memory["id"])


def _memory(state: TurnState, thread: str | None) -> dict[str, Any]:
    """Return the turn as an episodic memory; run again after a crash, it gets the same id."""
    question, answer, route = question_of(state), state["messages"][-1], state["route"]
    moment = re.sub(r"\D", "", state["startedAt"])[:17]
    call = answer.response_metadata.get("modelCall", {})
    return {
        "id": f"evt-{moment}-{hashlib.sha256(str(question.id).encode()).hexdigest()[:6]}",
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
