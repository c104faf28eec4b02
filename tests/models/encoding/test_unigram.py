from __future__ import annotations

import math
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metahuman.models.encoding.e5_file import read_e5
from metahuman.models.encoding.unigram import Unigram
from tests.encoders import PIECES, write_e5
from tests.homes import ENCODER
from tests.resolved import real_encoder

NAMES = [*PIECES]


@pytest.fixture(scope="module")
def unigram(tmp_path_factory: pytest.TempPathFactory) -> Unigram:
    return Unigram(read_e5(write_e5(tmp_path_factory.mktemp("e5") / "m.bin")).vocabulary)


def pieces(unigram: Unigram, text: str) -> list[str]:
    begin, *inner, end = (NAMES[number] for number in unigram.numbers(text))
    assert (begin, end) == ("<s>", "</s>")
    return inner


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["▁"]),
        ("ab", ["▁ab"]),
        ("a b", ["▁a", "▁", "b"]),
        ("  ab   ab ", ["▁ab", "▁ab", "▁"]),
        ("abba", ["▁ab", "ba"]),
        ("é", ["▁", "é"]),
        ("zz", ["▁", "<unk>", "<unk>"]),
        ("a\tª", ["▁a", "▁a"]),
        ("a\u200bb\0", ["▁ab"]),
        ("a\ud800", ["▁a", "<unk>"]),
        ("👩‍👧", ["▁", "<unk>", "<unk>", "<unk>"]),
        ("</s>", ["▁", "</s>"]),
    ],
)
def test_a_text_is_cut_into_its_likeliest_pieces(unigram: Unigram, text: str, expected: list[str]) -> None:
    assert pieces(unigram, text) == expected


@given(st.text("ab éz", max_size=24))
def test_no_other_cut_is_likelier(unigram: Unigram, text: str) -> None:
    plain, unknown = unigram.plain(text), min(PIECES.values()) - 10

    @cache
    def best(end: int) -> float:
        if end == 0:
            return 0.0
        starts = range(max(0, end - unigram.longest), end)
        known = [best(at) + PIECES[plain[at:end]] for at in starts if plain[at:end] in PIECES]
        return max([*known, best(end - 1) + unknown])

    found = pieces(unigram, text)
    assert math.isclose(sum(unknown if piece == "<unk>" else PIECES[piece] for piece in found), best(len(plain)))


@given(st.text(max_size=60))
def test_any_text_can_be_cut(unigram: Unigram, text: str) -> None:
    assert len(unigram.numbers(text)) >= 3


@real_encoder
def test_the_real_vocabulary_cuts_as_its_makers_do() -> None:
    """The numbers are those of XLM-RoBERTa's own tokenizer."""
    unigram = Unigram(read_e5(ENCODER).vocabulary)
    assert unigram.numbers("query: remind me tomorrow") == [0, 41, 1294, 12, 98911, 163, 127773, 2]
    assert unigram.numbers("Hello world") == [0, 35378, 8999, 2]
    assert unigram.longest == 16
