"""Model output is input like any other: it is read with care, validated, and refused if it does not fit."""

from __future__ import annotations

from typing import Any

import json_repair
from langchain_core.messages import AIMessage
from pydantic import BaseModel, ValidationError

from metahuman.models.schema import first_problem
from metahuman.state.errors import BadAnswer


def parse_answer(schema: dict[str, Any] | type, message: AIMessage) -> Any:
    """Return the structured answer that `message` holds.

    Broken JSON is repaired where what was meant is plain; fields are never made up.

    Args:
        schema: The pydantic class to return, or a JSON schema for a plain object.
        message: The model's answer.

    Raises:
        BadAnswer: If it does not fit the schema.
    """
    value = json_repair.loads(message.text)
    if not isinstance(value, dict):
        raise BadAnswer("the answer is not a JSON object")
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        return value
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        key, problem = first_problem(error)
        raise BadAnswer(f"the answer's {key}: {problem}") from error
