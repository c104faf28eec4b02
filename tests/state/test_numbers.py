"""Numbers in a text that are another text's, however they are written."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.state.numbers import Numbers, count_of


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("1000", "1,000"),
        ("1,000", "1000"),
        ("1.000", "1000"),
        ("1 234 567", "1,234,567"),
        ("1'234", "1234"),
        ("1000.5", "1,000.50"),
        ("15.000,5", "15,000.5"),
        ("007", "7"),
        ("1.2 million", "1,234,567"),
        ("1.5 million", "1,500,000"),
        ("$1.5bn", "1.5 billion"),
        ("2 Millionen", "1,978,000"),
        ("3 thousand", "3,000"),
        ("12,000", "11,987"),
        ("5 m, 5m", "5 metres"),
        ("$5m", "5 million"),
        ("12%", "12.3%"),
        ("12.3%", "12.34%"),
        ("12 people", "twelve people"),
        ("12 Leute", "zwölf Leute"),
        ("21 days", "twenty-one days"),
        ("19th", "the nineteenth century"),
        ("50%", "half of them"),
        ("16 Uhr", "at 4 pm"),
        ("16:30", "4:30 p.m."),
        ("17 May 2024", "2024-05-17"),
        ("17.05.2024", "17 May 2024"),
        ("1990s", "in 1990"),
        ("2nd, 9 times, 0", ""),
        ("10. First\n11. Second", ""),
        ("٣٤", "34"),
        ("9" * 5_000, "x" + "9" * 5_000),
        ("²", ""),
    ],
)
def test_a_number_is_known_however_it_is_written(text: str, source: str) -> None:
    assert Numbers(source).lacking(text) == []


@pytest.mark.parametrize(
    ("text", "source", "lacking"),
    [
        ("42", "41", ["42"]),
        ("12 and 13, 13 and 14", "12", ["13", "14"]),
        ("120", "118", ["120"]),
        ("20", "18", ["20"]),
        ("in 2000", "in 1990 and 1998", ["2000"]),
        ("2020", "2,019", ["2020"]),
        ("1.3 million", "1,234,567", ["1.3 million"]),
        ("13,000", "11,987", ["13,000"]),
        ("3.5", "7", ["3.5"]),
        ("5,000", "5", ["5,000"]),
        ("3 million", "3", ["3 million"]),
        ("3 million", "3 billion", ["3 million"]),
        ("17.06.2024", "2024-05-17", []),
        ("18.05.2024", "2024-05-17", ["18"]),
        ("9" * 5_000, "3", ["9" * 5_000]),
    ],
)
def test_a_number_of_nobodys_is_named(text: str, source: str, lacking: list[str]) -> None:
    assert Numbers(source).lacking(text) == lacking


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ("12", 12),
        ("1,000", 1000),
        ("1 000", 1000),
        ("Twelve", 12),
        ("twenty-five", 25),
        ("a hundred", 100),
        ("two hundred and fifty", 250),
        ("deux cents", 200),
        ("three thousand", 3000),
        ("", 0),
    ],
)
def test_how_many_that_is(said: str, count: int) -> None:
    assert count_of(said) == count


@settings(derandomize=True, database=None)
@given(st.text(), st.text(st.sampled_from("0123456789., '-km\u00a0")))
def test_a_text_has_all_its_own_numbers(text: str, figures: str) -> None:
    assert Numbers(f"{text}\n{figures}").lacking(figures) == []


@settings(derandomize=True, database=None)
@given(st.integers(10, 999), st.sets(st.integers(10, 999)))
def test_a_whole_number_below_a_thousand_is_known_if_it_is_there(number: int, there: set[int]) -> None:
    source = "; ".join(map(str, there))
    assert (Numbers(source).lacking(str(number)) == []) == (number in there)


def test_a_long_text_takes_no_time() -> None:
    began = time.perf_counter()
    Numbers("In 2024 the 3,456 people of 12 cities paid 1.5 million for twenty-one things. " * 5_000).lacking(
        "7 77 777"
    )
    assert time.perf_counter() - began < 2
