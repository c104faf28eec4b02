from __future__ import annotations

from langchain_core.messages import AIMessage, HumanMessage

from metahuman.state.routing import EARLIER, LAST_MESSAGES, Said, Situation, situation_of
from metahuman.state.short_term import LATEST, TOLD, from_file

NOTHING = from_file({})


def test_the_first_message_has_nothing_before_it() -> None:
    assert situation_of([HumanMessage("hello")], NOTHING) == Situation("hello")
    assert Situation("hello").lines() == []


def test_the_last_messages_are_those_before_it() -> None:
    messages = [kind(f"{number}") for number in range(5) for kind in (HumanMessage, AIMessage)]
    found = situation_of([*messages, HumanMessage("now")], NOTHING)
    assert found.message == "now"
    assert found.earlier == (Said("owner", "3"), Said("twin", "3"), Said("owner", "4"), Said("twin", "4"))
    assert len(found.earlier) == LAST_MESSAGES


def test_what_is_in_mind_is_seen() -> None:
    known = from_file(
        {
            "currentFocus": "files",
            "activeTasks": ["one", "two", "three", "four"],
            "recentToolOutputs": {f"tool{number}": {"found": number} for number in range(5)} | {"long": "x" * 10_000},
            "conversationContext": {"lastTopics": ["a", "b"], "userIntent": ""},
        }
    )
    found = situation_of([HumanMessage("do it")], known)
    assert (found.focus, found.active, found.topics) == ("files", ("two", "three", "four"), ("a", "b"))
    assert len(found.tools) == LATEST
    assert found.tools[0].startswith("tool3: ")
    assert len(found.tools[-1]) <= TOLD


def test_a_prompt_is_told_what_there_is_and_no_more() -> None:
    situation = Situation("do it", (Said("twin", "Shall I?"),), tools=("ls: a",), focus="files", active=("one", "two"))
    assert situation.lines() == ["Focus: files", "Open tasks: one; two", "Tools: ls: a", "twin: Shall I?"]
    assert Situation("x", focus="f").lines() == ["Focus: f"]


def test_a_prompt_stays_short_whatever_was_said() -> None:
    (line,) = Situation("x", (Said("owner", "paste " * 9000),)).lines()
    assert len(line) < EARLIER + 20
