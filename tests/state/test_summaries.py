"""The running summary: when a thread is condensed, what stays, and which models' summaries are not taken."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from metahuman.state.prompting import message_tokens
from metahuman.state.summaries import (
    LIMIT,
    MESSAGES,
    OVERDUE,
    ROOM,
    SHARE,
    Summary,
    as_lines,
    extracted,
    objection,
    outdated,
    written,
)
from metahuman.state.tokens import estimate_tokens

texts = st.text(max_size=400)
turns = st.lists(st.tuples(texts, texts), min_size=1, max_size=40)
SMALL_TALK = ["Good morning!", "ok, thanks", "Hm.", "How are you?", "yes"]


def thread(told: list[tuple[str, str]]) -> list[AnyMessage]:
    return [message for asked, said in told for message in (HumanMessage(asked), AIMessage(said))]


def over(messages: list[AnyMessage], budget: int, times: float = 1.0) -> bool:
    tokens = sum(message_tokens(message) for message in messages)
    return tokens > min(budget * SHARE, ROOM) * times or len(messages) > MESSAGES * times


@settings(max_examples=40)
@given(told=turns, budget=st.integers(1, 9000), patience=st.sampled_from([1.0, OVERDUE]))
def test_whole_turns_go_from_the_front_until_half_is_left(
    told: list[tuple[str, str]], budget: int, patience: float
) -> None:
    messages = thread(told)
    dropped = outdated(messages, budget, patience)
    kept = messages[len(dropped) :]
    assert messages[: len(dropped)] == dropped
    assert kept[0].type == "human"
    assert len(kept) >= 2
    if not over(messages, budget, patience):
        assert dropped == []
    else:
        assert len(kept) == 2 or not over(kept, budget, 0.5)
        assert not dropped or over([*dropped[-2:], *kept], budget, 0.5), "no more goes than has to"


def test_many_short_messages_are_condensed_too() -> None:
    messages = thread([("yes", "no")] * (MESSAGES // 2))
    assert outdated(messages, 100_000) == []
    assert len(outdated([*messages, HumanMessage("and?")], 100_000)) > MESSAGES // 2


def test_an_answer_that_stands_alone_is_no_turn_to_keep() -> None:
    assert outdated([AIMessage("word " * 5000)], 1000) == []


@settings(max_examples=20)
@given(rounds=st.lists(turns, min_size=1, max_size=4))
def test_a_summary_without_a_model_is_bounded_and_always_the_same(rounds: list[list[tuple[str, str]]]) -> None:
    def condensed() -> Summary | None:
        summary = None
        for told in rounds:
            summary = extracted(summary, thread(told), "no model")
        return summary

    summary = condensed()
    assert summary is not None
    assert summary == condensed()
    assert len(summary["text"]) <= LIMIT
    assert (summary["madeBy"], summary["why"]) == ("extract", "no model")
    assert summary["messages"] == 2 * sum(map(len, rounds))


def test_what_tells_something_outlives_small_talk() -> None:
    summary = extracted(None, thread([("I live in Lisbon with my sister Anna.", "How lovely. Tell me more.")]), None)
    for start in range(200):
        talk = [(SMALL_TALK[(start + number) % len(SMALL_TALK)], "I see.") for number in range(10)]
        summary = extracted(summary, thread(talk), None)
    assert "they said: I live in Lisbon with my sister Anna." in summary["text"].splitlines()
    assert "yes" not in summary["text"]


def test_what_is_new_always_finds_room() -> None:
    summary = None
    for number in range(100):
        told = f"My friend Maria Gonzales number {number} moved to Rue Montorgueil {number} in Paris."
        summary = extracted(summary, thread([(told, "I see.")]), None)
        assert f"number {number} moved" in summary["text"]
        assert len(summary["text"]) <= LIMIT


def test_what_is_kept_stands_in_the_order_in_which_it_was_said() -> None:
    told = [(f"In {year} I moved to Berlin Mitte.", "Oh.") for year in (1990, 2001, 1985, 2020)]
    text = extracted(None, thread(told), None)["text"]
    places = [text.index(str(year)) for year in (1990, 2001, 1985, 2020)]
    assert places == sorted(places)


def test_a_models_summary_counts_on_from_the_one_before() -> None:
    before = extracted(None, thread([("one", "two")]), None)
    after = written(before, thread([("three", "four")] * 2), "They count.")
    assert after == Summary(text="They count.", messages=6, madeBy="model", why=None)


@settings(max_examples=25)
@given(told=turns, room=st.integers(200, 4000))
def test_what_a_model_is_given_fits(told: list[tuple[str, str]], room: int) -> None:
    messages = thread(told)
    lines = as_lines(messages, room)
    labels = len(messages) * estimate_tokens("they said:  […] ")
    assert estimate_tokens(lines) <= max(room, 20 * len(messages)) * 1.2 + 3 * labels


SOURCES = "they said: I moved to Lisbon in 2019 and my sister Anna visits me on Sundays.\nyou said: That is lovely."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("They moved to Lisbon in 2019. Their sister Anna visits on Sundays.", None),
        ("", "empty"),
        ("They moved to Lisbon. " * 60, "more than 1200"),
        ("They moved to Lisbon.\nUser: and then?", "goes on with the conversation"),
        ("<|im_start|>They moved to Lisbon.", "goes on with the conversation"),
        ("They moved to Lisbon.</said>", "goes on with the conversation"),
        ("they said: I moved to Lisbon", "goes on with the conversation"),
        ("They moved to Lisbon in 2017.", "numbers that nobody said: 2017"),
        ("Photosynthesis converts sunlight into chemical energy inside chloroplasts.", "something else"),
        ("リスボンに引っ越した。", None),
    ],
)
def test_a_models_summary_is_looked_over(text: str, why: str | None) -> None:
    problem = objection(text, SOURCES)
    assert problem is None if why is None else why in (problem or "")


def test_inflected_words_count_as_said() -> None:
    german = "they said: Ich wohne in Leipzig, meine Schwester besucht mich."
    assert objection("Sie wohnen in Leipzig; die Schwestern besuchen einander.", german) is None


def test_a_long_paste_does_not_push_out_what_else_was_said() -> None:
    paste = "\n".join(f"line {number} of Trace in Module" for number in range(500))
    said = [("My dog is called Rex.", "Oh."), (f"Look at this error: {paste}", "I see."), ("Thanks.", "Sure.")]
    text = extracted(None, thread(said), None)["text"]
    assert len(text) < LIMIT / 2
    assert "Look at this error" in text
    assert "My dog is called Rex." in text
