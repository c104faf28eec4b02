from __future__ import annotations

import re
import time
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from metahuman.routing.clauses import LONGEST, MOST, clauses

JOINTS = ["and", "but", "plus", "und", "et", "och", "ve", "y", "then", "also", "after that", "when that's done", "dann"]
MARKS = ["-", "*", "•", "1.", "2.", "3)", "12."]
WORDS = [
    "book",
    "a",
    "table",
    "for",
    "my",
    "mother",
    "please",
    "10.5",
    "kg",
    "天気は",
    "ok",
    "I",
    "it's",
    "7",
    "-5",
    "café",
]
SPACES = [" ", "  ", "\n", "\n\n", ", ", ". ", "? ", "; ", "。", " \t"]
MESSAGES = st.lists(st.sampled_from([*JOINTS, *MARKS, *WORDS]), max_size=40).flatmap(
    lambda parts: st.lists(st.sampled_from(SPACES), min_size=len(parts), max_size=len(parts)).map(
        lambda spaces: "".join(part + space for part, space in zip(parts, spaces, strict=True))
    )
)


def told(text: str, *, counts: bool) -> Counter[str]:
    """Return the words of a text that are no joint and no mark of a list; a list by the way counts from one."""
    dropped = {word for joint in JOINTS for word in re.findall(r"\w+", joint)}
    text = re.sub(rf"(?<![^\s。])\d{{1,2}}[{'.' if counts else ''})](?=[\s,。]|$)", "", text)
    return Counter(word for word in re.findall(r"[\w.]*\w", text) if word.casefold() not in dropped)


@pytest.mark.parametrize(
    ("message", "pieces"),
    [
        ("write a parser and then plan my week", ["write a parser", "plan my week"]),
        ("Book a table for two. Then call my mum!", ["Book a table for two.", "call my mum!"]),
        ("when did I last see her, and could you call her", ["when did I last see her", "could you call her"]),
        ("fix the bug, then sum it up", ["fix the bug", "sum it up"]),
        ("1. check the pool is open 2. find my goggles", ["check the pool is open", "find my goggles"]),
        ("1) check the pool\n2) find my goggles", ["check the pool", "find my goggles"]),
        ("- check the pool\n* find my goggles\n• call Ann", ["check the pool", "find my goggles", "call Ann"]),
        ("schreib ein Gedicht und dann plane meinen Tag", ["schreib ein Gedicht", "plane meinen Tag"]),
        ("resume el texto y luego crea una tabla", ["resume el texto", "crea una tabla"]),
        ("天気を調べてください。要約を書いてください", ["天気を調べてください。", "要約を書いてください"]),
        ("Ok. Also, delete the folder and call my mum", ["Ok. delete the folder", "call my mum"]),
        ("delete the folder and call my mum and go", ["delete the folder", "call my mum go"]),
    ],
)
def test_a_message_is_cut_where_wishes_are_joined(message: str, pieces: list[str]) -> None:
    assert clauses(message) == pieces


@pytest.mark.parametrize(
    "message",
    ["hello", "", "what's the weather in Bergen?", "ok and so", "sandy androids understand", "the button, the plumber"],
)
def test_one_wish_stays_whole(message: str) -> None:
    assert clauses(message) == [message]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("Wake me at 7. Then make some tea", "Wake me at 7."),
        ("Wake me gently at 6 and 7. Then make some tea", "7. make some tea"),
        ("buy some milk and 10.5 kg of flour", "10.5 kg of flour"),
        ("heat the oven and 2.5 litres of water", "2.5 litres of water"),
        ("it is warm in here and\n-5 outside, isn't it", "-5 outside, isn't it"),
        ("print the header and **bold** the title", "**bold** the title"),
    ],
)
def test_a_number_is_no_mark_of_a_list(message: str, kept: str) -> None:
    assert kept in clauses(message)


@settings(max_examples=150)
@given(MESSAGES)
@example("1. 2. 3. and and")
@example("and\nand\nand")
def test_nothing_but_joints_and_marks_is_lost(message: str) -> None:
    pieces = clauses(message)
    counts = re.search(r"(?:^|\s)1\..*\s2\.\s", message, re.DOTALL) is not None
    assert told(" ".join(pieces), counts=counts) == told(message, counts=counts)
    assert 1 <= len(pieces) <= MOST
    assert len(pieces) == 1 or all(piece and piece == piece.strip() for piece in pieces)


@given(st.text())
def test_any_text_has_pieces(message: str) -> None:
    pieces = clauses(message)
    letters = Counter(letter for letter in message if letter.isalnum())
    assert Counter(letter for letter in "".join(pieces) if letter.isalnum()) <= letters
    assert len(pieces) == 1 or all(pieces)


def test_those_beyond_the_most_stay_with_the_last() -> None:
    pieces = clauses("\n".join(f"- errand{number}" for number in range(9)))
    assert len(pieces) == MOST
    assert pieces[0] == "errand0"
    assert pieces[-1] == "errand5 errand6 errand7 errand8"


def test_a_paste_is_left_alone() -> None:
    paste = "First do this. And then do that. " * 1600
    assert len(paste) > 50_000
    assert clauses(paste) == [paste]


@pytest.mark.parametrize(
    "pattern",
    ["and ", " ", "\n", " \n", "1. ", "and then ", ", then", ", ", " ,", "\t\u2003", "a.", "。", "- ", "1. 2) ", "ok "],
)
def test_any_message_takes_bounded_time(pattern: str) -> None:
    started = time.process_time()
    clauses(pattern * 20_000)
    for around in ("{}", "a{}b", "1. {} 2. b"):
        assert clauses(around.format(pattern * (LONGEST // len(pattern) - 5)))
    assert time.process_time() - started < 0.15
