"""Model output is input like any other: it is read with care, validated, and refused if it does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import json_repair
from jsonschema import Draft202012Validator
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, merge_message_runs
from langchain_core.outputs import ChatGeneration
from pydantic import BaseModel, ValidationError

from metahuman.models.calls import speaks
from metahuman.models.providers import AnswerSchema
from metahuman.models.refusals import refusal
from metahuman.models.schema import first_problem
from metahuman.state.errors import BadAnswer, EmptyAnswer, ModelError, RefusedAnswer
from metahuman.state.prompting import shorten
from metahuman.state.turn import was_cut

#: Characters of a wrong answer that are shown to the model again.
ENOUGH = 2000


def whole_message(generation: ChatGeneration) -> AIMessage:
    """Return a generated message with what the provider says of its end, as LangChain's own calls would.

    Raises:
        EmptyAnswer: If what was generated is no message of a model's.
    """
    message = generation.message
    if not isinstance(message, AIMessage):
        raise EmptyAnswer("the answer is empty")
    ended = {**(generation.generation_info or {}), **message.response_metadata}
    return message.model_copy(update={"response_metadata": ended})


def usable(message: AIMessage, schema: AnswerSchema | None) -> AIMessage:
    """Return `message` if it will do as an answer.

    Args:
        message: What the model answered.
        schema: What the answer must fit, if anything.

    Raises:
        RefusedAnswer: If the provider's filter withheld it.
        EmptyAnswer: If it holds neither words nor a tool call.
        BadAnswer: If it does not fit the schema.
    """
    if withheld := refusal(message):
        raise RefusedAnswer(withheld)
    if not speaks(message):
        raise EmptyAnswer("the answer is empty")
    if schema:
        if was_cut(message):
            raise BadAnswer("the answer was cut at its length limit", message.text)
        schema.read(message)
    return message


def asked_again(messages: Sequence[BaseMessage], mistake: ModelError | None) -> list[BaseMessage]:
    """Return the prompt; after a mistake that the model can mend, with what it said and what was wrong with it."""
    if mistake is None:
        return list(messages)
    said = [AIMessage(shorten(mistake.answer, ENOUGH))] if isinstance(mistake, BadAnswer) and mistake.answer else []
    wrong = HumanMessage(f"Your answer cannot be used: {mistake}. Answer again, correctly and completely.")
    # Two messages of one speaker in a row are refused by some chat templates.
    return merge_message_runs([*messages, *said, wrong])


def reader(schema: dict[str, Any] | type, json_schema: dict[str, Any]) -> Callable[[AIMessage], Any]:
    """Return what reads a structured answer.

    Broken JSON is repaired where what was meant is plain; fields are never made up.

    Args:
        schema: The pydantic class that the reader returns; for anything else, a plain object.
        json_schema: The JSON schema of such an object.
    """
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return lambda message: _as_model(schema, message)
    validator = Draft202012Validator(json_schema)
    return lambda message: read_object(validator, message)


def object_of(message: AIMessage) -> dict[str, Any]:
    """Return the JSON object that an answer is, whatever it holds.

    Raises:
        BadAnswer: If it is none.
    """
    value = json_repair.loads(message.text)
    if not isinstance(value, dict):
        raise BadAnswer("it is not a JSON object", message.text)
    return value


def _as_model(schema: type[BaseModel], message: AIMessage) -> BaseModel:
    try:
        return schema.model_validate(object_of(message))
    except ValidationError as error:
        key, problem = first_problem(error)
        raise BadAnswer(f"{key}: {problem}", message.text) from error


def read_object(validator: Draft202012Validator, message: AIMessage) -> dict[str, Any]:
    """Return the JSON object that an answer is.

    Raises:
        BadAnswer: If it is none, or does not fit.
    """
    value = object_of(message)
    for error in validator.iter_errors(value):
        raise BadAnswer(f"{error.json_path}: {error.message}", message.text)
    return value
