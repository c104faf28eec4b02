"""Bare roles for clients that speak OpenAI's protocol: the role router is asked, and nothing is remembered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from metahuman.models.role_chat_model import RoleChatModel
from metahuman.models.schema import EMBEDDER
from metahuman.server.completion import JSON, Called, Ended, Piece, Said, usage_of
from metahuman.server.errors import Refused
from metahuman.server.iterating import reading
from metahuman.server.openai_shapes import Asked, ResponseFormat, ToolChoice
from metahuman.server.schemas import checked
from metahuman.server.streaming import dumps
from metahuman.server.twin import Opened
from metahuman.state.events import ModelCall
from metahuman.state.turn import was_cut

PREFIX = "role:"


def roles(twin: Opened) -> list[str]:
    """Return the roles that can be talked with."""
    return [role for role in twin.services.registry().list_available_roles() if role != EMBEDDER]


def answered(twin: Opened, asked: Asked) -> AsyncIterator[Piece]:
    """Return the pieces of a role's answer.

    Args:
        twin: Whose models are asked.
        asked: What for.

    Raises:
        Refused: If it cannot be asked so.
    """
    chat = twin.services.models.chat_model(asked.model.removeprefix(PREFIX))
    chat = chat.model_copy(update={"options": asked.options})
    for tool in asked.tools or []:
        checked(tool.function.parameters, "tools")
    messages: list[BaseMessage] = [message.as_langchain() for message in asked.messages]
    wanted = asked.response_format
    if wanted is None or wanted.type == "text":
        return _said(chat, messages, asked)
    if asked.tools:
        raise Refused(400, "unsupported", "ask for tools, or for a form of the answer, not for both", "response_format")
    return _filled_in(chat, messages, _schema(wanted))


async def _said(chat: RoleChatModel, messages: list[BaseMessage], asked: Asked) -> AsyncIterator[Piece]:
    offered = [tool.model_dump() for tool in asked.tools or [] if asked.tool_choice != "none"]
    choice = asked.tool_choice.function.name if isinstance(asked.tool_choice, ToolChoice) else asked.tool_choice
    model = chat.bind_tools(offered, tool_choice=choice) if offered else chat
    cut, calls, records = False, list[JSON](), list[ModelCall]()
    async with reading(model.astream(messages)) as chunks:
        async for chunk in chunks:
            cut = cut or was_cut(chunk)
            records += _record(chunk)
            calls += [_call(one) for one in chunk.tool_calls] if not isinstance(chunk, AIMessageChunk) else []
            if chunk.text:
                yield Said(chunk.text)
    if calls:
        yield Called(calls)
    yield Ended("tool_calls" if calls else "length" if cut else "stop", usage_of(records))


async def _filled_in(chat: RoleChatModel, messages: list[BaseMessage], schema: JSON) -> AsyncIterator[Piece]:
    told: dict[str, Any] = await chat.with_structured_output(schema, include_raw=True).ainvoke(messages)  # type: ignore[assignment]
    if told["parsing_error"]:
        raise told["parsing_error"]
    raw: AIMessage = told["raw"]
    yield Said(dumps(told["parsed"]))
    yield Ended("stop", usage_of(_record(raw)))


def _schema(wanted: ResponseFormat) -> JSON:
    """Return the schema that the answer must fit.

    Raises:
        Refused: If there is none, or it is no schema of an object.
    """
    if wanted.type == "json_object":
        return {"title": "answer", "type": "object"}
    if wanted.json_schema is None:
        raise Refused(400, "invalid_request", "json_schema: name the schema", "response_format.json_schema")
    schema = {"type": "object", **wanted.json_schema.json_schema, "title": wanted.json_schema.name}
    return checked(schema, "response_format.json_schema.schema")


def _record(message: BaseMessage) -> list[ModelCall]:
    call = message.response_metadata.get("modelCall")
    return [call] if call else []


def _call(call: Any) -> JSON:
    return {
        "id": call["id"],
        "type": "function",
        "function": {"name": call["name"], "arguments": dumps(call["args"])},
    }
