from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.state.topics import INTENT, TOPICS, WORDS, intent_of, topics_of


@pytest.mark.parametrize(
    ("message", "topics"),
    [
        ("How do I prune apple trees in winter?", ["prune apple trees", "winter"]),
        ("tell me about it", []),
        ("Call Anna about the tax return; the tax return is late", ["Call Anna", "tax return", "late"]),
        ("wie mache ich Brot mit Honig und Nüssen?", ["Brot", "Honig", "Nüssen"]),
        ("Tax return, tax Return, TAX RETURN", ["Tax return"]),
        ("12 + 34 = 46", []),
        ("", []),
    ],
)
def test_topics_are_the_telling_words(message: str, topics: list[str]) -> None:
    assert topics_of(message) == topics


def test_longer_runs_and_names_come_before_others_and_in_their_order() -> None:
    message = "cheese, or bread, or olive oil, or a letter to Maria Callas, or wine"
    assert topics_of(message) == ["cheese", "olive oil", "Maria Callas"]


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("Call Anna. Then sleep.", "Call Anna"),
        (" ?! \n hello there", "hello there"),
        ("", ""),
        ("...", ""),
        ("x" * 200, f"{'x' * (INTENT - 1)}…"),
    ],
)
def test_an_intent_is_the_first_thing_said(message: str, intent: str) -> None:
    assert intent_of(message) == intent


def test_a_long_intent_ends_with_a_whole_word() -> None:
    found = intent_of("remember " * 30)
    assert found == f"{' '.join(['remember'] * 8)}…"


@given(st.text())
def test_any_text_has_topics_and_an_intent(message: str) -> None:
    topics, intent = topics_of(message), intent_of(message)
    assert len(topics) <= TOPICS
    assert all(1 <= len(topic.split()) <= WORDS for topic in topics)
    assert len({topic.casefold() for topic in topics}) == len(topics)
    assert len(intent) <= INTENT
    assert "\n" not in intent


@pytest.mark.parametrize(
    "message", ["word " * 10_000, "x" * 50_000, "'" * 50_000, "a-" * 25_000, "\ud800" * 9, "\0" * 9]
)
def test_any_message_takes_bounded_time(message: str) -> None:
    started = time.process_time()
    topics_of(message)
    intent_of(message)
    assert time.process_time() - started < 0.2


def test_of_a_long_message_both_ends_are_read() -> None:
    assert topics_of(f"Sum up Hamlet.\n{'it is ' * 9000}\nabout the Danish Prince") == [
        "Sum",
        "Hamlet",
        "Danish Prince",
    ]
