"""What a model says a person said is compared with what the person said."""

from __future__ import annotations

import pytest

from metahuman.memory.curation.grounding import grounded

SOURCE = (
    "Well, I'm going to Lisbon on May 3rd with Anna, but I don't like flying. We booked two rooms at the hotel near "
    "the river because it was cheap. My sister has 4 kids."
)


@pytest.mark.parametrize(
    "message",
    [
        "I am going to Lisbon with Anna on May 3rd.",
        "You're going to Lisbon with Anna on 3 May; you do not like flying.",
        "We booked 2 rooms at the hotel near the river.",
        "The hotel was cheap.",
        SOURCE,
    ],
)
def test_light_edits_are_grounded(message: str) -> None:
    found = grounded(message, SOURCE)
    assert found.grounded
    assert found.unsupported == ()


@pytest.mark.parametrize(
    ("message", "why", "where"),
    [
        ("I'm going to Porto with Anna.", "name", "Porto"),
        ("We booked 7 rooms at the hotel.", "number", "7"),
        ("We booked 4 rooms at the hotel.", "number", "4"),
        ("I'm going to Lisbon on June 3rd.", "date", "June"),
        ("I like flying.", "negation", "flying"),
        ("We never booked rooms at the hotel.", "negation", "booked"),
        ("I adore quantum physics lectures.", "words", "adore quantum physics lectures"),
    ],
)
def test_what_is_invented_is_named(message: str, why: str, where: str) -> None:
    found = grounded(message, SOURCE)
    assert not found.grounded
    assert (why, where) in {(one.why, message[one.start : one.end]) for one in found.unsupported}


def test_nothing_is_not_grounded() -> None:
    assert not grounded("", SOURCE).grounded
    assert not grounded("Hello there", "").grounded


def test_strict_allows_no_new_words() -> None:
    message = "We happily booked two rooms at the lovely hotel near the river."
    assert grounded(message, SOURCE).grounded
    assert not grounded(message, SOURCE, strict=True).grounded
