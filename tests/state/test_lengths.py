"""How long a text is to be, as people ask for it, and whether it is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.state.lengths import FEWEST, MOST, Length, Unit, asked_length, measure, usual_length

ASKED = {
    "in three sentences": "3 sentences",
    "Summarize the 3 paragraphs below in two sentences": "2 sentences",
    "This article has 2000 words. Summarize it in three sentences.": "3 sentences",
    "a 200-word summary": "200 words",
    "one-sentence summary please": "1 sentence",
    "a 3 sentence summary": "3 sentences",
    "in a sentence": "1 sentence",
    "3-5 sentences": "3 to 5 sentences",
    "summarize this in 3 to 4 short sentences": "3 to 4 sentences",
    "between 100 and 150 words": "100 to 150 words",
    "from 3 to 5 bullet points": "3 to 5 lines",
    "give me three key bullet points": "3 lines",
    "3 bullet points of at most 20 words each": "3 lines",
    "two paragraphs of three sentences each": "2 paragraphs",
    "at most 200 words": "at most 200 words",
    "200 words or less": "at most 200 words",
    "100 words, max": "at most 100 words",
    "max. 50 words": "at most 50 words",
    "no more than 1,000 words": "at most 1000 words",
    "not longer than 4 sentences": "at most 4 sentences",
    "under 280 characters": "at most 280 characters",
    "keep it under a hundred words": "at most 100 words",
    "<= 30 words": "at most 30 words",
    "at least 100 words": "100 to 200 words",
    "in no fewer than 3 sentences": "3 to 6 sentences",
    "in twenty-five words": "25 words",
    "in two hundred and fifty words": "250 words",
    "Summarize it in about 200 words.": "200 words",
    "tl;dr in 1 line": "1 line",
    "in 2–3 Sätzen": "2 to 3 sentences",  # noqa: RUF001
    "in zwei bis drei Sätzen": "2 to 3 sentences",
    "3 bis 5 Stichpunkte": "3 to 5 lines",
    "maximal 50 Wörter": "at most 50 words",
    "in höchstens drei Sätzen": "at most 3 sentences",
    "in einem kurzen Absatz": "1 paragraph",
    "Ein-Satz-Zusammenfassung": "1 sentence",
    "Fasse den Text auf 50 Wörter zusammen": "50 words",
    "in etwa 1.000 Wörtern": "1000 words",
    "Kürze das auf 280 Zeichen": "280 characters",
    "résume en une phrase": "1 sentence",
    "en trois phrases courtes": "3 sentences",
    "en 50 mots maximum": "at most 50 words",
    "pas plus de 100 mots": "at most 100 words",
    "en 1 000 mots": "1000 words",
    "en deux cents mots": "200 words",
    "de 3 à 5 phrases": "3 to 5 sentences",
    "un résumé de 100 mots": "100 words",
    "resume en dos frases": "2 sentences",
    "en no más de 100 palabras": "at most 100 words",
    "como máximo 50 palabras": "at most 50 words",
    "entre 3 y 5 frases": "3 to 5 sentences",
    "en un párrafo": "1 paragraph",
    "en cinco puntos": "5 lines",
    "riassumi in due frasi": "2 sentences",
    "in massimo 100 parole": "at most 100 words",
    "da 3 a 5 frasi": "3 to 5 sentences",
    "al massimo 3 righe": "at most 3 lines",
    "un riassunto di 50 parole": "50 words",
}


@pytest.mark.parametrize(("task", "length"), ASKED.items())
def test_a_length_is_found_as_people_ask_for_it(task: str, length: str) -> None:
    assert str(asked_length(task)) == length


@pytest.mark.parametrize(
    "task",
    [
        "summarize this",
        "",
        "he makes a point about words",
        "the first 3 lines",
        "Condense these 500 words",
        "die ersten drei Absätze",
        "at 20 words each",
        "0 words",
        "version 2.3 words",
        "in other words",
    ],
)
def test_no_length_is_found_where_none_is_asked_for(task: str) -> None:
    assert asked_length(task) is None


def test_a_length_is_looked_for_at_both_ends_of_a_task_and_not_in_what_was_pasted() -> None:
    pasted = "It took up to 7 lines. " * 60
    assert str(asked_length(f"Summarize in two sentences: {pasted}")) == "2 sentences"
    assert (
        str(asked_length(f"Shorten it. {'x' * 400} in 7 lines {'x' * 400} In two sentences, please.")) == "2 sentences"
    )


@settings(derandomize=True, database=None)
@given(st.text())
def test_any_task_may_ask_for_a_length(task: str) -> None:
    found = asked_length(task)
    assert found is None or found.count > 0


@pytest.mark.parametrize("part", ["1 ", "one-", "in ", "at most ", "1,000", "3 to ", " ", "one two "])
def test_no_task_takes_long(part: str) -> None:
    began = time.perf_counter()
    asked_length(part * 600)
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("length", "fits", "not_"),
    [
        (Length(20, "words"), [17, 20, 23], [16, 24]),
        (Length(20, "words", at_most=True), [0, 1, 23], [24]),
        (Length(3, "sentences"), [3], [2, 4]),
        (Length(5, "sentences", fewest=3), [3, 4, 5], [2, 6]),
        (Length(200, "words", fewest=100), [85, 100, 230], [84, 231]),
    ],
)
def test_a_text_may_miss_its_length_by_15_percent(length: Length, fits: list[int], not_: list[int]) -> None:
    part = "Word. " if length.unit == "sentences" else "word "
    assert [length.objection(part * count) for count in fits] == [None] * len(fits)
    assert all(length.objection(part * count) for count in not_)


def test_an_objection_says_how_long_it_is_and_is_to_be() -> None:
    assert Length(3, "sentences").objection("One.") == "it has 1 sentence, and 3 sentences are wanted"
    assert Length(1, "sentences").objection("One. Two.") == "it has 2 sentences, and 1 sentence is wanted"


@pytest.mark.parametrize(
    ("unit", "count"), [("words", 6), ("sentences", 3), ("lines", 3), ("paragraphs", 2), ("characters", 34)]
)
def test_what_a_text_measures(unit: Unit, count: int) -> None:
    assert measure(" Dr. Ott's 1,000 e-mails.\nTwo.\n\n- x ", unit) == count
    assert measure("  \n ", unit) == 0


def test_a_summary_may_have_a_third_of_its_text_within_bounds() -> None:
    assert [usual_length("word " * count).count for count in (3, 150, 10_000)] == [FEWEST, 50, MOST]
    assert usual_length("").at_most


def test_a_text_can_be_condensed_to_half_of_it() -> None:
    assert Length(5, "words").measures_less_than("word " * 10)
    assert not Length(6, "words").measures_less_than("word " * 10)
