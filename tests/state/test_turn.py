"""The state of a turn: how parallel writers meet in it, and what is asked of it."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage

from metahuman.state.errors import EmptyTurn
from metahuman.state.parts import Finding
from metahuman.state.turn import TurnState, call_record, findings_of, of_latest_turn, question_of, thread_of


def found(turn: str, content: str = "") -> Finding:
    return Finding(turn=turn, source="coder", task="", content=content, error=None)


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("", "", ""),
        ("", "a1", "a1"),
        ("a1", "", "a1"),
        ("a1", "a2", "a1 a2"),
        ("a1 a2", "b1", "b1"),
        ("a1", "b1 b2", "b1 b2"),
        ("b1", "b2 b3", "b1 b2 b3"),
    ],
)
def test_parallel_nodes_add_up_within_a_turn_and_a_new_turn_begins_anew(old: str, new: str, kept: str) -> None:
    def items(told: str) -> list[Finding]:
        return [found(word[0], word) for word in told.split()]

    before = items(old)
    assert [item["content"] for item in of_latest_turn(before, items(new))] == kept.split()
    assert before == items(old)


def test_the_reducer_takes_a_state_that_has_nothing_yet() -> None:
    assert of_latest_turn(None, [found("a")]) == [found("a")]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("messages", "question"),
    [
        ([HumanMessage("one")], "one"),
        ([HumanMessage("one"), AIMessage("hi"), HumanMessage("two")], "two"),
        ([HumanMessage("one"), AIMessage("hi")], "one"),
        ([HumanMessage("one"), HumanMessage("two"), SystemMessage("x")], "two"),
    ],
)
def test_the_question_is_the_last_thing_a_person_said(messages: list[AnyMessage], question: str) -> None:
    assert question_of({"messages": messages}).text == question


@pytest.mark.parametrize("messages", [[], [AIMessage("hi")]])
def test_a_turn_without_a_persons_message_is_an_error(messages: list[AnyMessage]) -> None:
    with pytest.raises(EmptyTurn):
        question_of({"messages": messages})


def test_only_what_was_found_for_this_turn_counts() -> None:
    state: TurnState = {"messages": [HumanMessage("again", id="b")]}
    assert findings_of(state) == []
    assert findings_of({**state, "findings": [found("a"), found("b"), found("a")]}) == [found("b")]


def test_the_thread_is_the_configurations() -> None:
    assert thread_of({"configurable": {"thread_id": "main"}}) == "main"
    assert thread_of({"configurable": {}}) is None
    assert thread_of({}) is None


def test_an_answers_call_is_kept_with_its_turn() -> None:
    answer = AIMessage("hi", response_metadata={"modelCall": {"role": "persona"}})
    assert call_record("a", answer) == [{"turn": "a", "call": {"role": "persona"}}]
    assert call_record("a", AIMessage("hi")) == []
