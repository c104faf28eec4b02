"""How a node asks a role's model for a whole answer: text, or what fits a schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar, cast

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from metahuman.state.context import TurnContext, model_choice
from metahuman.state.errors import ModelError
from metahuman.state.parts import TurnCall
from metahuman.state.services import Models
from metahuman.state.turn import call_record

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Answered(NamedTuple, Generic[T]):
    """What came of asking: the message and what it says, or why there is none; and the record of the call."""

    message: AIMessage | None
    value: T | None
    calls: list[TurnCall]
    error: str | None


async def ask(model: BaseChatModel, prompt: Sequence[BaseMessage], turn: str) -> Answered[str]:
    """Return a model's words; they are not streamed to the person.

    Args:
        model: The role's chat model.
        prompt: What it is asked.
        turn: The id of the message that the call serves.
    """
    # An answer that is not streamed can still be another model's after the first words failed.
    return await ask_whole(model.model_copy(update={"disable_streaming": True}), prompt, turn)


async def ask_whole(
    model: Runnable[LanguageModelInput, AIMessage], prompt: Sequence[BaseMessage], turn: str
) -> Answered[str]:
    """As `ask`, of a model that does not stream, such as one with tools."""
    try:
        message = await model.ainvoke(list(prompt))
    except ModelError as error:
        return Answered(None, None, call_record(turn, error), str(error))
    return Answered(message, message.text, call_record(turn, message), None)


def model_for(role: str, context: TurnContext | None, models: Models) -> BaseChatModel:
    """Return the chat model of a role in a run that belongs to no turn.

    Args:
        role: The role.
        context: What was chosen for the run.
        models: Who answers for a role.
    """
    mode = context.mode if context else None
    return models.chat_model(role, mode=mode, model_id=model_choice(context, role))


async def ask_for(schema: type[M], model: BaseChatModel, prompt: Sequence[BaseMessage], turn: str) -> Answered[M]:
    """Return a model's answer as an object of `schema`; see `ask`."""
    structured = model.with_structured_output(schema, include_raw=True)
    try:
        answer = cast(dict[str, Any], await structured.ainvoke(list(prompt)))
    except ModelError as error:
        return Answered(None, None, call_record(turn, error), str(error))
    message, failure = answer["raw"], answer["parsing_error"]
    calls = call_record(turn, message)
    if isinstance(failure, ModelError):
        return Answered(message, None, calls, str(failure))
    return Answered(message, answer["parsed"], calls, None)
