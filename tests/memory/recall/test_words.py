"""The stems that memories are found by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from metahuman.memory.recall.languages import is_common, language_of
from metahuman.memory.recall.words import ASKED, LONGEST, fold, stems, told_stems


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("adoption agencies", "Adoption Agency"),
        ("She was running", "she was runs"),
        ("Melanie's dog", "melanie dog"),
        ("café", "cafe"),
        ("Straße", "STRASSE"),
        ("Ｔｏｋｙｏ", "tokyo"),  # noqa: RUF001
        ("Die Hunde meiner Schwester", "Der Hund meiner Schwester"),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stems(one)[-1] == stems(other)[-1]
    assert stems(one)[1:] == stems(other)[1:]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("… — !!!", []),
        ("Who? Me?", ["who", ASKED, "me", ASKED]),
        ("don't we'll it's", ["don", "we", "it"]),
        ("foo_bar-baz", ["foo", "bar", "baz"]),
        ("l'amour", ["l", "amour"]),
        ("東京に", ["東京", "京に"]),
        ("猫", ["猫"]),
        ("I met 田中 there?", ["i", "met", "田中", "there", ASKED]),
        ("3.5 kg", ["3", "5", "kg"]),
        ("lone \ud83d half", ["lone", "half"]),
    ],
)
def test_texts_become_words(text: str, wanted: list[str]) -> None:
    assert stems(text) == wanted


def test_endless_words_are_cut() -> None:
    (stem,) = stems("a" * 100_000)
    assert len(stem) <= LONGEST


def test_stems_hold_no_blank_and_nothing_that_an_index_drops() -> None:
    text = "Ärger, naïve?  çà\tvoilà\n№ ½ x² हिन्दी العربية עברית ไทย 한국어"
    assert all(stem and stem.isalnum() for stem in stems(text))
    assert stems(" ".join(stems(fold(text)))) is not None


def test_words_that_tell_nothing_are_known_as_such() -> None:
    found = {one.word: one.telling for one in told_stems("What did Caroline say about the adoption?")}
    assert [word for word, telling in found.items() if telling] == ["caroline", "adoption"]
    assert [one.word for one in told_stems("Wie heißt mein Hund?") if one.telling] == ["heisst", "hund"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "english"),
        ("Bello", "english"),
        ("was die in", "german"),
        ("where does my sister live", "english"),
        ("wo wohnt meine Schwester und wie geht es ihr", "german"),
        ("où est le chat de ma sœur", "french"),
        ("dónde está el perro de mi hermana", "spanish"),
        ("dove abita la sorella di mia madre", "italian"),
        ("onde mora a minha irmã e o que ela faz", "portuguese"),
        ("waar woont mijn zus en wat doet ze", "dutch"),
    ],
)
def test_languages_are_told_by_their_common_words(text: str, language: str) -> None:
    assert language_of(fold(text).split()) == language


def test_common_words_are_written_as_words_are_folded() -> None:
    assert is_common(fold("über"), "german")
    assert not is_common("hund", "german")
    assert is_common(fold("können"), "german")
    assert is_common(fold("où"), "french")


def test_threads_share_the_stemmers() -> None:
    texts = [f"running{number} connections{number} happily{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(stems, texts * 4)) == [stems(text) for text in texts] * 4
