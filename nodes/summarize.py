"""Condenses what a long thread can no longer show: it runs between the turns, and no answer waits for it."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AnyMessage, HumanMessage, RemoveMessage, SystemMessage
from langchain_core.runnables import RunnableConfig

from metahuman.nodes.prompts import render
from metahuman.state.context import Mode
from metahuman.state.errors import ModelError
from metahuman.state.prompting import as_block, fit
from metahuman.state.services import Services
from metahuman.state.summaries import ASKED_FOR, Summary, as_lines, extracted, objection, outdated, written
from metahuman.state.tokens import estimate_tokens
from metahuman.state.turn import TurnState, TurnUpdate

#: Tokens of the prompt that are neither the old summary nor what is to be condensed.
FRAME = 400


async def summarize(state: TurnState, config: RunnableConfig, *, services: Services) -> TurnUpdate:
    """Return the thread's new summary, and the messages that go into it as removed; nothing while there is room.

    The summarizer's model extends the summary. What it writes is looked over, and where it is no good, or no model
    answers, the sentences that say the most are taken instead: no message goes without a trace.
    """
    dropped = due(state, services)
    if not dropped:
        return {}
    summary = await _summary(state.get("summary"), dropped, state["mode"], config, services)
    return {"summary": summary, "messages": [RemoveMessage(id=str(message.id)) for message in dropped]}


def due(state: TurnState, services: Services) -> list[AnyMessage]:
    """Return the messages that are to be condensed; none while the thread has room."""
    return outdated(state["messages"], services.models.prompt_budget("persona", mode=state["mode"]))


async def _summary(
    before: Summary | None, dropped: Sequence[AnyMessage], mode: Mode, config: RunnableConfig, services: Services
) -> Summary:
    earlier = before["text"] if before else ""
    budget = services.models.prompt_budget("summarizer", mode=mode)
    said = as_lines(dropped, budget - estimate_tokens(earlier) - FRAME)
    blocks = {"earlier": as_block("earlier", earlier), "said": as_block("said", said)}
    asked = render("condense", **blocks, limit=str(ASKED_FOR))
    # A model that only stands in for the role invents: the sentences themselves are better.
    model = services.models.chat_model("summarizer", mode=mode, listed_only=True)
    try:
        answer = await model.ainvoke(fit([SystemMessage(render("summarizer")), HumanMessage(asked)], budget), config)
    except ModelError as error:
        return extracted(before, dropped, str(error))
    text = answer.text.strip()
    if problem := objection(text, f"{earlier}\n{said}"):
        return extracted(before, dropped, f"what the model wrote was not taken: {problem}")
    return written(before, dropped, text)
