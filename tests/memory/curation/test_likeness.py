from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.memory.curation.likeness import ALIKE, KEPT, alike, bands, sketch

WORDS = [f"word{number}" for number in range(400)]


def text(size: int, seed: int, changed: int = 0) -> str:
    """Return words drawn with `seed`, so many of them changed."""
    words = random.Random(seed).choices(WORDS, k=size)
    for place in random.Random(seed + 1).sample(range(size), changed):
        words[place] = f"other{place}"
    return " ".join(words)


@given(st.text(), st.text())
def test_likeness_is_a_share_and_the_same_from_both_sides(one: str, other: str) -> None:
    mine, theirs = sketch(one), sketch(other)
    assert alike(mine, theirs) == alike(theirs, mine)
    assert 0 <= alike(mine, theirs) <= 1
    assert alike(mine, mine) == bool(mine)


def test_a_short_text_is_compared_exactly() -> None:
    # Of the pairs "", a; a b; b c and "", a; a b; b d, two of four are in both.
    assert alike(sketch("a b c"), sketch("a b d")) == 0.5


@pytest.mark.parametrize("size", [100, 1_000])
def test_of_a_long_text_it_is_estimated(size: int) -> None:
    changed = size // 10  # each changes two pairs: (size - 2 * changed) of (size + 2 * changed) are in both
    shares = [alike(sketch(text(size, seed)), sketch(text(size, seed, changed))) for seed in range(40)]
    assert sum(shares) / len(shares) == pytest.approx((size - 2 * changed) / (size + 2 * changed), abs=0.05)


def test_texts_that_are_nearly_the_same_share_a_band_and_others_do_not() -> None:
    near = [(sketch(text(60, seed)), sketch(text(60, seed, 2))) for seed in range(100)]
    assert all({*bands(one)} & {*bands(other)} for one, other in near if alike(one, other) >= ALIKE)
    apart = [({*bands(sketch(text(60, seed)))}, {*bands(sketch(text(60, seed + 500)))}) for seed in range(100)]
    assert sum(bool(one & other) for one, other in apart) <= 2


def test_nothing_is_like_nothing() -> None:
    assert bands(sketch("")) == ()
    assert alike((), ()) == 0
    assert len(sketch(text(1_000, 3))) == KEPT
