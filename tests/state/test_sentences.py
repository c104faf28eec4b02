"""Where sentences begin and end."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.state.sentences import sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


WRAPPED = "This is a line that a mail program wrapped at some sixty columns\nand it goes on here."


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        ("Dr. Smith met Mr. J. R. Tolkien. They spoke.", ["Dr. Smith met Mr. J. R. Tolkien.", "They spoke."]),
        ("It began at 5 p.m. They left, e.g. Anna.", ["It began at 5 p.m.", "They left, e.g. Anna."]),
        ("The U.S. economy grew by 2.5 percent.", ["The U.S. economy grew by 2.5 percent."]),
        ("See No. 5 and Fig. 3. It said no. We left.", ["See No. 5 and Fig. 3.", "It said no.", "We left."]),
        ("It cost 5. Then he left.", ["It cost 5.", "Then he left."]),
        ("Am 3. Oktober kam z. B. Anna. Dann ging sie.", ["Am 3. Oktober kam z. B. Anna.", "Dann ging sie."]),
        ("M. Dupont est là. Mme. Curie aussi.", ["M. Dupont est là.", "Mme. Curie aussi."]),
        ("¿Qué? ¡Sí! Vale.", ["¿Qué?", "¡Sí!", "Vale."]),
        ("Il sig. Rossi parla. Poi basta.", ["Il sig. Rossi parla.", "Poi basta."]),
        ("“Why?” he asked. “So.” Yahoo! is here.", ["“Why?” he asked.", "“So.”", "Yahoo! is here."]),
        ("i went home. then i slept.", ["i went home.", "then i slept."]),
        ("So do I. Then", ["So do I.", "Then"]),
        ("これは文です。次です！終わり", ["これは文です。", "次です！", "終わり"]),  # noqa: RUF001
        ("- One\n- Two. Three.\n* Four", ["- One", "- Two.", "Three.", "* Four"]),
        ("1. Foo. Bar\n2. Baz", ["1. Foo.", "Bar", "2. Baz"]),
        ("# Head\nText", ["# Head", "Text"]),
        (WRAPPED, [WRAPPED]),
        (WRAPPED.replace("\n", "\r\n"), [WRAPPED.replace("\n", "\r\n")]),
        (WRAPPED.replace("\n", "\n\n"), WRAPPED.split("\n")),
        (WRAPPED.replace("\nand", "\n- and"), WRAPPED.replace("\nand", "\n- and").split("\n")),
        ("", []),
        (" \n ", []),
    ],
)  # fmt: skip
def test_sentences_end_where_people_end_them(text: str, parts: list[str]) -> None:
    assert split(text) == parts


@settings(derandomize=True, database=None)
@given(st.text(st.sampled_from("aB1. \n\r!?…\"'-。\u00a0é")))
def test_sentences_lie_in_order_and_nothing_but_space_lies_between(text: str) -> None:
    found = sentences(text)
    ends = [0, *(end for _, end in found)]
    starts = [*(start for start, _ in found), len(text)]
    assert all(not text[end:start].strip() for end, start in zip(ends, starts, strict=True))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in found)


@pytest.mark.parametrize("part", ["The fox runs. ", "a. ", "A. ", "x" * 70 + "\n", ". ", "\n", "“" * 9])
def test_no_text_takes_long(part: str) -> None:
    began = time.perf_counter()
    sentences(part * (100_000 // len(part)))
    assert time.perf_counter() - began < 2
