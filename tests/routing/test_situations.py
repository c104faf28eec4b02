from __future__ import annotations

import numpy as np
import pytest

from metahuman.routing.situations import EARLIER, encode
from metahuman.state.routing import Said, Situation
from tests.lessons import HashedEncoder


def test_where_nothing_went_before_there_are_zeros() -> None:
    encoded = encode([Situation("hello"), Situation("hi", (Said("twin", " \n"),))], encoder := HashedEncoder())
    assert np.allclose(np.linalg.norm(encoded.message, axis=1), 1)
    for part in (encoded.owner, encoded.twin, encoded.tools):
        assert part.shape == (2, encoder.wide)
        assert not part.any()
    assert encoded.signs.tolist() == [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert [text for text, _, _ in encoder.asked] == ["hello", "hi"]


def test_the_last_of_each_speaker_counts() -> None:
    earlier = (Said("owner", "one"), Said("twin", "two"), Said("owner", "three"), Said("owner", "four"))
    encoded = encode([Situation("x"), Situation("y", earlier, tools=("ls: a", "cat: b"))], encoder := HashedEncoder())
    assert np.array_equal(encoded.owner[1:], encoder.encode(["four"]))
    assert np.array_equal(encoded.twin[1:], encoder.encode(["two"]))
    assert np.array_equal(encoded.tools[1:], encoder.encode(["ls: a cat: b"]))
    assert not encoded.owner[0].any()
    assert {(head, tail) for text, head, tail in encoder.asked[2:5]} == {(EARLIER["head"], EARLIER["tail"])}


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ("Shall I?", True),
        ("Shall I? \n", True),
        ("要約しますか？", True),  # noqa: RUF001
        ("هل أفعل؟", True),
        ("Done.", False),
        ("", False),
    ],
)
def test_it_is_seen_whether_the_twin_asked(said: str, asks: bool) -> None:
    situations = [Situation("yes", (Said("twin", said),)), Situation("yes", (Said("twin", said), Said("owner", "Hm?")))]
    assert encode(situations, HashedEncoder()).signs[:, 1].tolist() == [asks, asks]


def test_signs_tell_of_tools_tasks_and_focus() -> None:
    situations = [Situation("x", tools=("a",)), Situation("x", active=("a",)), Situation("x", focus="a")]
    assert encode(situations, HashedEncoder()).signs.tolist() == [[0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]


def test_rows_are_chosen_of_every_part() -> None:
    encoded = encode([Situation(text, (Said("owner", text),), (text,)) for text in "abc"], HashedEncoder())
    chosen = encoded.rows(np.array([2, 0]))
    assert all(np.array_equal(part, whole[[2, 0]]) for part, whole in zip(chosen, encoded, strict=True))


def test_no_situations_have_the_shape_of_some() -> None:
    encoded = encode([], HashedEncoder())
    assert [len(part) for part in encoded] == [0] * 5
