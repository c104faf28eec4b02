"""Tools for models that call none of themselves: they are asked for JSON that names a call, which is read as one.

Small models ramble when they are given tools in their template's own words; held to a schema, they name a call or none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage, merge_message_runs

from metahuman.models.answers import object_of, read_object
from metahuman.models.providers import AnswerSchema, Wish

NAME = "NextStep"
ASK = """Answer with JSON: {"step": {"tool": …, "arguments": {…}}} for the next call,
or {"step": {"note": "…"}} where none is needed."""


def as_plan(wish: Wish) -> Wish:
    """Return a wish for tools as one for JSON that names a call."""
    return Wish(schema=plan_schema(wish.tools))


def told_of_tools(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> list[BaseMessage]:
    """Return a prompt that tells of the tools, and of calls that were made before, in words.

    The tools stand in the system message: it is the same from step to step, and a prompt cache holds.
    """
    first = messages[0].text if messages and messages[0].type == "system" else ""
    rest = messages[1:] if first else messages
    system = SystemMessage("\n".join(filter(None, [first, "The tools:", *map(_line, tools)])))
    return merge_message_runs([system, *(_in_words(message) for message in rest), HumanMessage(ASK)])


def as_calls(message: AIMessage) -> AIMessage:
    """Return an answer that fits `plan_schema` as a message that makes the call, or says the note."""
    step = object_of(message)["step"]
    if "tool" not in step:
        return message.model_copy(update={"content": step["note"]})
    call = {"name": step["tool"], "args": step["arguments"], "id": f"plan-{message.id}", "type": "tool_call"}
    return message.model_copy(update={"content": "", "tool_calls": [call]})


def plan_schema(tools: Sequence[Mapping[str, Any]]) -> AnswerSchema:
    """Return the schema of one step: a call of one of the tools, given in OpenAI's format, or a note."""
    calls = {tool["function"]["name"]: _call(tool["function"]) for tool in tools}
    note = _object({"note": {"type": "string"}}, ["note"])
    schema = _step({"anyOf": [*calls.values(), note]})

    def read(message: AIMessage) -> dict[str, Any]:
        step = object_of(message).get("step")
        # Which of many schemas it has to fit, its tool says: looking at all of them takes milliseconds.
        named = calls.get(str(step.get("tool"))) if isinstance(step, dict) else None
        return read_object(Draft202012Validator(_step(named) if named else schema), message)

    return AnswerSchema(NAME, schema, read)


def _step(schema: dict[str, Any]) -> dict[str, Any]:
    return {"title": NAME, **_object({"step": schema}, ["step"])}


def _call(function: Mapping[str, Any]) -> dict[str, Any]:
    parameters = dict(function.get("parameters") or {"type": "object"})
    # One that points at definitions of its own cannot stand inside another schema.
    alone = {"type": "object"} if "$defs" in parameters else parameters
    return _object({"tool": {"const": function["name"]}, "arguments": alone}, ["tool", "arguments"])


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _line(tool: Mapping[str, Any]) -> str:
    """Return a tool in a line: its name, its arguments, and the first sentence on what it does."""
    function = tool["function"]
    parameters = function.get("parameters") or {}
    required = parameters.get("required", [])
    names = [name if name in required else f"{name}?" for name in parameters.get("properties", {})]
    does = " ".join(str(function.get("description", "")).split()).split(". ")[0]
    return f"- {function['name']}({', '.join(names)}): {does}"


def _in_words(message: BaseMessage) -> BaseMessage:
    """Return a message as a model reads it that knows no calls."""
    if isinstance(message, ToolMessage):
        return HumanMessage(f"That brought:\n{message.text}")
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = [{"step": {"tool": call["name"], "arguments": call["args"]}} for call in message.tool_calls]
        return AIMessage("\n".join(json.dumps(call, ensure_ascii=False) for call in calls))
    return message
