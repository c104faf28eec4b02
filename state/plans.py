"""How a model says which tool is to be called next: by calls of its own, or, if it knows none, by JSON of a schema."""

from __future__ import annotations

import json
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


def plan_schema(offers: Iterable[Offer]) -> dict[str, Any]:
    """Return the JSON schema of one step: a call of one of the tools, or a closing note."""
    calls = [
        _object({"tool": {"const": one.name}, "arguments": _alone(one.parameters)}, ["tool", "arguments"])
        for one in offers
    ]
    note = _object({"note": {"type": "string"}}, ["note"])
    return {"title": "NextStep", **_object({"step": {"anyOf": [*calls, note]}}, ["step"])}


def planned(answer: dict[str, Any]) -> tuple[list[Wanted], str]:
    """Return the call that an answer of `plan_schema` wants, and its note."""
    step = answer["step"]
    return ([(step["tool"], step["arguments"])], "") if "tool" in step else ([], step["note"])


def called(answer: AIMessage) -> tuple[list[Wanted], str]:
    """Return the calls that a model made of itself, and what it says beside them.

    Calls whose arguments were no JSON come with none: the tool says what it lacks.
    """
    broken = [(str(call["name"]), dict[str, Any]()) for call in answer.invalid_tool_calls]
    return [*((call["name"], call["args"]) for call in answer.tool_calls), *broken], answer.text


def as_lines(offers: Iterable[Offer]) -> str:
    """Return tools as lines for a prompt: name, arguments, and what the tool does."""
    return "\n".join(f"- {one.name}({', '.join(_arguments(one))}): {one.description}" for one in offers)


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


def as_history(steps: Sequence[Step], room: int) -> str:
    """Return calls that have ended as lines for a prompt; arguments as above."""
    calls = [json.dumps({"tool": step["call"]["tool"], "arguments": step["call"]["arguments"]}) for step in steps]
    return "\n".join(f"{call}\n{brought(step, room)}" for call, step in zip(calls, steps, strict=True)) or "nothing"


def brought(step: Step, room: int) -> str:
    """Return what a call brought as data, or why it was not done."""
    if step["ended"] == "done":
        return as_block("data", shorten(step["output"], room)) or "Done."
    return as_block("data", f"{step['ended']}: {step['error']}")


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _alone(parameters: Any) -> dict[str, Any]:
    """Return a schema that can stand inside another one: not one that points at definitions of its own."""
    return {"type": "object"} if "$defs" in parameters else dict(parameters)


def _arguments(offer: Offer) -> list[str]:
    required = offer.parameters.get("required", [])
    return [name if name in required else f"{name}?" for name in offer.parameters.get("properties", {})]
