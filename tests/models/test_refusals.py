"""Answers that were withheld are told apart from answers."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from metahuman.models.refusals import refusal

FILTERED = {"finish_reason": "content_filter"}
CALL = {"name": "add", "args": {}, "id": "1"}


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (AIMessage("Hello"), None),
        (AIMessage(""), None),
        (AIMessage("Hello", additional_kwargs={"refusal": None}), None),
        (AIMessage("", additional_kwargs={"refusal": "I will not."}), "I will not."),
        (AIMessageChunk(content="", additional_kwargs={"refusal": "I "}), "I "),
        (AIMessage([{"type": "refusal", "refusal": "I will not."}]), "I will not."),
        (AIMessage("", response_metadata=FILTERED), "the provider's filter withheld the answer"),
        (AIMessage("Once upon", response_metadata=FILTERED), None),
        (AIMessage("", tool_calls=[CALL], response_metadata=FILTERED), None),
        (AIMessage("", response_metadata={"finish_reason": "stop"}), None),
    ],
)
def test_a_refusal_says_why(message: BaseMessage, why: str | None) -> None:
    assert refusal(message) == why
