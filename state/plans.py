"""How the operator's model is told of tools and of calls that have ended, and what it says is to be called next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from metahuman.state.acting import Offer, Step
from metahuman.state.prompting import as_block, shorten

Wanted = tuple[str, dict[str, Any]]


def as_functions(offers: Iterable[Offer]) -> list[dict[str, Any]]:
    """Return tools in the shape that OpenAI's protocol has for them."""
    return [
        {
            "type": "function",
            "function": {"name": one.name, "description": one.description, "parameters": dict(one.parameters)},
        }
        for one in offers
    ]


def called(answer: AIMessage) -> tuple[list[Wanted], str]:
    """Return the calls that a model made of itself, and what it says beside them.

    Calls whose arguments were no JSON come with none: the tool says what it lacks.
    """
    broken = [(str(call["name"]), dict[str, Any]()) for call in answer.invalid_tool_calls]
    return [*((call["name"], call["args"]) for call in answer.tool_calls), *broken], answer.text


def transcript(steps: Sequence[Step], room: int) -> list[BaseMessage]:
    """Return calls that have ended as the messages of a model that calls tools.

    Args:
        steps: The calls.
        room: Characters that an output may have.
    """
    messages: list[BaseMessage] = []
    for step in steps:
        name = step["call"]["id"]
        call = {"name": step["call"]["tool"], "args": step["call"]["arguments"], "id": name}
        messages += [AIMessage("", tool_calls=[call]), ToolMessage(brought(step, room), tool_call_id=name)]
    return messages


def brought(step: Step, room: int) -> str:
    """Return what a call brought as data, or why it was not done."""
    if step["ended"] == "done":
        return as_block("data", shorten(step["output"], room)) or "Done."
    return as_block("data", f"{step['ended']}: {step['error']}")
