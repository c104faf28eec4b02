"""The short-term state: read from any file, carried from turn to turn, told to a model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import pytest

from metahuman.state import short_term as known
from metahuman.state.moments import iso
from metahuman.state.parts import ConversationContext, Finding, Route, ShortTerm
from metahuman.state.short_term import OUTPUT, OUTPUTS, TASKS, TOPICS, after_break, after_turn, from_file, of_thread
from tests.fakes import NOON
from tests.operators import step

NOW, SOON, LATER = iso(NOON), iso(NOON + timedelta(hours=3)), iso(NOON + timedelta(hours=9))
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
    lastUpdated=NOW,
)


def route(topics: list[str], intent: str = "", focus: str = "") -> Route:
    return Route(
        tasks=[],
        topics=topics,
        intent=intent,
        focus=focus,
        urgency="normal",
        confidence=1,
        decidedBy="rule",
        why=None,
        latencyMs=0,
    )


def finding(source: str, task: str, content: str = "", error: str | None = None) -> Finding:
    return cast(Finding, {"turn": "q", "source": source, "task": task, "content": content, "error": error})


def test_a_file_that_is_right_is_read_as_it_is() -> None:
    assert from_file({**FULL, "ofAnotherProgram": 1}) == FULL
    session = {**FULL, "conversationContext": {**FULL["conversationContext"], "sessionStarted": NOW}, "thread": "main"}
    assert from_file(session) == session


@pytest.mark.parametrize(
    "odd", [None, 0, 1.5, True, "text", [], [1, None, {}], {}, {"lastTopics": 3, "userIntent": [], "sessionStarted": 1}]
)
def test_what_is_missing_or_of_another_type_is_empty(odd: Any) -> None:
    file: Mapping[str, Any] = dict.fromkeys(EMPTY, odd)
    kept = from_file(file)
    assert kept["conversationContext"] == EMPTY["conversationContext"]
    assert kept["currentFocus"] == kept["lastUpdated"] == (odd if isinstance(odd, str) else "")
    assert kept["activeTasks"] == []
    assert kept["recentToolOutputs"] == (odd if isinstance(odd, dict) else {})
    assert from_file({}) == EMPTY
    assert isinstance(known.get_orchestrator_context(after_turn(kept, route(["tea"]), NOW)), str)


def test_only_the_latest_topics_of_a_file_are_taken() -> None:
    topics = [str(number) for number in range(TOPICS + 5)]
    context = from_file({"conversationContext": {"lastTopics": topics}})["conversationContext"]
    assert context["lastTopics"] == topics[5:]


def test_a_turn_adds_its_topics_as_the_latest_and_its_focus_and_intent() -> None:
    after = after_turn(FULL, route(["tea", "cake"], "to bake", "the oven"), SOON, thread="main")
    assert after == {
        **FULL,
        "currentFocus": "the oven",
        "conversationContext": {"lastTopics": ["rain", "tea", "cake"], "userIntent": "to bake", "sessionStarted": NOW},
        "lastUpdated": SOON,
        "thread": "main",
    }


def test_a_turn_without_any_keeps_what_was() -> None:
    after = after_turn(FULL, route([]), SOON)
    context = {**FULL["conversationContext"], "sessionStarted": NOW}
    assert after == {**FULL, "conversationContext": context, "lastUpdated": SOON}


def test_topics_do_not_grow_without_end() -> None:
    state = EMPTY
    for number in range(30):
        state = after_turn(state, route([f"topic {number}", "weather"]), NOW)
    topics = state["conversationContext"]["lastTopics"]
    assert topics == [*(f"topic {number}" for number in range(30 - TOPICS + 1, 30)), "weather"]


def test_what_tools_brought_is_kept_shortened() -> None:
    made = [step("fs_list", "a.txt\nb.txt", path="notes"), step("fs_read", ended="failed", path="c.txt")]
    after = after_turn(FULL, route([]), SOON, [finding("coder", "write a parser", "def parse…")], made)
    brought = {"asked": "notes", "output": "a.txt b.txt", "cached": SOON}
    assert after["recentToolOutputs"] == {**FULL["recentToolOutputs"], "fs_list": brought}
    long = known.cache_tool_output(FULL, "web", "x" * 10_000, NOW)["recentToolOutputs"]["web"]
    assert isinstance(long, dict)
    assert len(long["output"]) == OUTPUT


def test_a_task_that_failed_is_open_through_the_next_turn_and_one_that_was_done_is_not() -> None:
    failed = [finding("coder", "write it", error="no model"), finding("planner", "plan it", "1. …")]
    after = after_turn(FULL, route([]), NOW, failed)
    assert after["activeTasks"] == ["weed", "water", "coder: write it"]
    assert after_turn(after, route([]), NOW)["activeTasks"] == ["weed", "water"]
    assert after_turn(after, route([]), NOW, [finding("coder", "write it", "x = 1")])["activeTasks"] == [
        "weed",
        "water",
    ]
    again = after_turn(after, route([]), NOW, [finding("coder", "write it", error="no model")])
    assert again["activeTasks"] == ["weed", "water", "coder: write it"]


def test_a_stale_focus_fades_and_a_session_begins() -> None:
    assert after_break(FULL, SOON)["currentFocus"] == "the garden"
    later = after_break(FULL, LATER)
    assert (later["currentFocus"], later["activeTasks"]) == ("", ["weed", "water"])
    context = {"lastTopics": ["rain", "tea"], "userIntent": "", "sessionStarted": LATER}
    assert later["conversationContext"] == context
    assert after_turn(FULL, route([], focus=""), LATER)["currentFocus"] == ""
    again = after_turn(later, route(["tea"]), iso(NOON + timedelta(hours=10)))
    assert cast(dict[str, Any], again["conversationContext"])["sessionStarted"] == LATER


@pytest.mark.parametrize("odd", ["", "yesterday", "2026-05-17"])
def test_a_date_that_is_none_makes_nothing_stale(odd: str) -> None:
    state = ShortTerm(**{**FULL, "lastUpdated": odd})
    assert after_break(state, "2026-05-17T02:00:00Z")["currentFocus"] == "the garden"


def test_outputs_of_an_earlier_session_are_kept_and_told_to_nobody() -> None:
    state = known.cache_tool_output(FULL, "clock", "noon", NOW, "the time")
    assert "Tools: read_file: {'path': 'a'}; clock: the time -> noon" in known.get_orchestrator_context(state)
    later = after_break(state, LATER)
    assert "clock" in later["recentToolOutputs"]
    assert "clock" not in known.get_orchestrator_context(later)


def test_the_plans_functions_change_one_thing_each() -> None:
    assert known.update_current_focus(FULL, "the  shed\n", SOON) == {
        **FULL,
        "currentFocus": "the shed",
        "lastUpdated": SOON,
    }
    assert known.add_active_task(FULL, "weed", SOON)["activeTasks"] == ["water", "weed"]
    assert known.remove_active_task(FULL, "weed", SOON)["activeTasks"] == ["water"]
    assert known.remove_active_task(FULL, "nothing", SOON)["activeTasks"] == FULL["activeTasks"]
    context = known.update_conversation_context(FULL, ["rain"], "", SOON)["conversationContext"]
    assert context == {"lastTopics": ["tea", "rain"], "userIntent": "to chat"}
    assert known.get_orchestrator_context(known.clear_short_term_state(SOON)) == ""


def test_tasks_and_outputs_do_not_grow_without_end() -> None:
    state = EMPTY
    for number in range(50):
        state = known.cache_tool_output(known.add_active_task(state, f"t{number}", NOW), f"tool{number}", "", NOW)
    assert state["activeTasks"] == [f"t{number}" for number in range(50 - TASKS, 50)]
    assert list(state["recentToolOutputs"]) == [f"tool{number}" for number in range(50 - OUTPUTS, 50)]
    again = known.cache_tool_output(state, "tool30", "", NOW)
    assert list(again["recentToolOutputs"])[-1] == "tool30"
    assert len(again["recentToolOutputs"]) == OUTPUTS


def test_what_is_in_mind_is_told_in_few_lines() -> None:
    assert known.get_orchestrator_context(FULL).splitlines() == [
        "Focus: the garden",
        "Topics: rain; tea",
        "Open tasks: weed; water",
        "Tools: read_file: {'path': 'a'}",
    ]


def test_a_thread_keeps_its_focus_and_shares_tasks_and_outputs() -> None:
    own = after_turn(FULL, route(["tea"], focus="tea"), NOW, thread="a")
    home = after_turn(known.add_active_task(FULL, "new", NOW), route(["rust"], focus="rust"), SOON, thread="b")
    seen = of_thread(own, home)
    assert (seen["currentFocus"], seen["activeTasks"]) == ("tea", ["weed", "water", "new"])
    assert of_thread(None, home) == home
    assert of_thread(own, EMPTY) == own


def test_what_was_changed_outside_of_a_turn_holds_for_the_next() -> None:
    own = after_turn(FULL, route(["tea"], focus="tea"), NOW, thread="a")
    changed = known.update_current_focus(own, "taxes", SOON)
    assert of_thread(own, changed) == changed
    after = after_turn(of_thread(own, changed), route([]), LATER, thread="a")
    assert of_thread(after, changed)["currentFocus"] == after["currentFocus"]
    assert of_thread(own, known.clear_short_term_state(SOON))["currentFocus"] == ""
