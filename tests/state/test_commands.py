from __future__ import annotations

import pytest

from metahuman.state.commands import COMMANDS, destination_named, ruled
from metahuman.state.errors import BadChoice
from metahuman.state.parts import DESTINATIONS


def test_every_destination_has_a_command() -> None:
    assert {*COMMANDS.values()} == {*DESTINATIONS}


@pytest.mark.parametrize(
    ("message", "destination", "task"),
    [
        ("/code a parser for dates", "coder", "a parser for dates"),
        ("  /CODE   a parser ", "coder", "a parser"),
        ("/recall when was it?\nand where?", "memory", "when was it?\nand where?"),
        ("/tools /tmp", "operator", "/tmp"),
        ("/summarize 🎉", "summarizer", "🎉"),
        ("🎉", "conversation", "🎉"),
        ("...", "conversation", "..."),
        ("", "conversation", ""),
        (" \n", "conversation", " \n"),
    ],
)
def test_some_messages_need_no_judging(message: str, destination: str, task: str) -> None:
    assert ruled(message) == {"destination": destination, "task": task}


@pytest.mark.parametrize(
    "message",
    [
        "code a parser",
        "/code",
        "/code  ",
        "/cod a parser",
        "//code a",
        "/ code a",
        "say /code a",
        "/coder a",
        "/5 a",
        "\\code a",
    ],
)
def test_others_are_judged(message: str) -> None:
    assert ruled(message) is None


@pytest.mark.parametrize(
    ("word", "destination"),
    [
        ("tools", "operator"),
        ("/tools", "operator"),
        (" Operator ", "operator"),
        ("MEMORY", "memory"),
        ("recall", "memory"),
    ],
)
def test_a_destination_is_named_by_its_name_or_its_command(word: str, destination: str) -> None:
    assert destination_named(word) == destination


@pytest.mark.parametrize("word", ["", "tool", "/", "rm -rf", "\ud800"])
def test_another_word_is_told_with_the_choices(word: str) -> None:
    with pytest.raises(
        BadChoice, match=r"no destination .*; use one of talk, recall, .*conversation, memory"
    ) as caught:
        destination_named(word)
    assert "\n" not in str(caught.value)
