import pytest

from metahuman.memory.curation import name_lists
from metahuman.memory.curation.names import names_in
from metahuman.state.errors import SettingError


def said(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in names_in(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yesterday I had lunch with Maria.", [("person", "Maria")]),
        ("My name is Krisztián Szöllösy", [("person", "Krisztián Szöllösy")]),
        ("I asked Mrs. Fenstermacher about it.", [("title", "Mrs."), ("person", "Fenstermacher")]),
        ("We moved to Berlin from Budapest.", [("place", "Berlin"), ("place", "Budapest")]),
        ("Edith works for Areavibes Inc now.", [("person", "Edith"), ("organisation", "Areavibes Inc")]),
        ("I work for Google", [("organisation", "Google")]),
        ("A Norwegian friend of mine just turned 47.", [("nationality", "Norwegian"), ("age", "47")]),
        ("She lives in New York.", [("place", "New York")]),
        ("On March 3, 2021 it rained.", [("date", "March 3, 2021")]),
        ("Anna's dog bit Tom's cat", [("person", "Anna"), ("person", "Tom")]),
        ("lena andersson called about olga's cat", [("person", "lena andersson"), ("person", "olga")]),
    ],
)
def test_what_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I'm fine. Don't worry, it's only money.",
        "What a day! Maybe we should go home.",
        "Thanks for the help, I really liked the book.",
        "please block my card asap",
        "",
    ],
)
def test_ordinary_words_are_no_names(text: str) -> None:
    assert said(text) == []


def test_what_identifiers_find_is_left_out() -> None:
    assert said("Write to maria.lopez@example.org") == []


def test_lists_that_are_not_installed_say_what_to_do() -> None:
    with pytest.raises(SettingError, match=r"install metahuman\[ner\]"):
        name_lists._provider("of_nothing")


def test_the_lists_are_there() -> None:
    assert name_lists.available()
    assert "maria" in name_lists.lists().first
    assert "berlin" in name_lists.lists().places
