"""The short-term state: read from any file, carried from turn to turn, told to a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from metahuman.state.parts import ConversationContext, Route, ShortTerm
from metahuman.state.short_term import TOPICS, after_route, from_file

EMPTY = ShortTerm(
    currentFocus="",
    activeTasks=[],
    recentToolOutputs={},
    conversationContext=ConversationContext(lastTopics=[], userIntent=""),
    lastUpdated="",
)
FULL = ShortTerm(
    currentFocus="the garden",
    activeTasks=["weed", "water"],
    recentToolOutputs={"read_file": {"path": "a"}},
    conversationContext=ConversationContext(lastTopics=["rain", "tea"], userIntent="to chat"),
    lastUpdated="2026-05-17T12:00:00.000Z",
)


def route(topics: list[str], intent: str = "", focus: str = "") -> Route:
    return Route(
        tasks=[], topics=topics, intent=intent, focus=focus, confidence=1, decidedBy="rule", why=None, latencyMs=0
    )


def test_a_file_that_is_right_is_read_as_it_is() -> None:
    assert from_file({**FULL, "ofAnotherProgram": 1}) == FULL


@pytest.mark.parametrize(
    "odd", [None, 0, 1.5, True, "text", [], [1, None, {}], {}, {"lastTopics": 3, "userIntent": []}]
)
def test_what_is_missing_or_of_another_type_is_empty(odd: Any) -> None:
    file: Mapping[str, Any] = dict.fromkeys(EMPTY, odd)
    kept = from_file(file)
    assert kept["conversationContext"] == EMPTY["conversationContext"]
    assert kept["currentFocus"] == kept["lastUpdated"] == (odd if isinstance(odd, str) else "")
    assert kept["activeTasks"] == []
    assert kept["recentToolOutputs"] == (odd if isinstance(odd, dict) else {})
    assert from_file({}) == EMPTY


def test_only_the_latest_topics_of_a_file_are_taken() -> None:
    topics = [str(number) for number in range(TOPICS + 5)]
    context = from_file({"conversationContext": {"lastTopics": topics}})["conversationContext"]
    assert context["lastTopics"] == topics[5:]


def test_a_turn_adds_its_topics_as_the_latest_and_its_focus_and_intent() -> None:
    after = after_route(FULL, route(["tea", "cake"], "to bake", "the oven"), "now")
    assert after == {
        **FULL,
        "currentFocus": "the oven",
        "conversationContext": {"lastTopics": ["rain", "tea", "cake"], "userIntent": "to bake"},
        "lastUpdated": "now",
    }


def test_a_turn_without_any_keeps_what_was() -> None:
    assert after_route(FULL, route([]), "now") == {**FULL, "lastUpdated": "now"}


def test_topics_do_not_grow_without_end() -> None:
    state = EMPTY
    for number in range(30):
        state = after_route(state, route([f"topic {number}", "weather"]), "now")
    topics = state["conversationContext"]["lastTopics"]
    assert topics == [*(f"topic {number}" for number in range(30 - TOPICS + 1, 30)), "weather"]
