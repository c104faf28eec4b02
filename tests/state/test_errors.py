"""The error tree: drawn as it is, and each error a line that a person can act on."""

from __future__ import annotations

import inspect
import re

import pytest

from metahuman.state import errors
from metahuman.state.errors import ModelDown, ModelError, NoModelAnswered, SettingError, StoreError

CLASSES = {
    name: found
    for name, found in inspect.getmembers(errors, inspect.isclass)
    if found.__module__ == errors.__name__ and issubclass(found, BaseException)
}


def drawn() -> dict[str, str]:
    """Return the parent of each class, as the module's docstring draws them."""
    parents: dict[str, str] = {}
    above: dict[int, str] = {-4: "Exception"}
    for line in (errors.__doc__ or "").splitlines():
        if branch := re.match(r"([│├└─ ]*)([A-Z][A-Za-z]+)(?:$| {2,}\w)", line):
            depth = len(branch[1])
            above[depth] = branch[2]
            parents[branch[2]] = above[depth - 4]
    return parents


def test_the_tree_in_the_docstring_is_the_one_in_the_code() -> None:
    assert drawn() == {name: found.__base__.__name__ for name, found in CLASSES.items() if found.__base__}


def test_each_kind_of_model_error_has_a_word_of_its_own() -> None:
    kinds = [found.kind for found in CLASSES.values() if issubclass(found, ModelError)]
    assert len(set(kinds)) == len(kinds) == 18


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("models.big", "models.json: models.big: no such model; name one of those above"),
        ("", "models.json: no such model; name one of those above"),
    ],
)
def test_a_setting_error_says_where_what_and_what_to_do(key: str, line: str) -> None:
    assert str(SettingError("models.json", key, "no such model", "name one of those above")) == line


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError("Permission denied")])
def test_a_store_error_says_what_the_system_said(error: OSError) -> None:
    assert str(StoreError("a.json", error, "choose another")) == "a.json: Permission denied; choose another"


def test_when_nobody_answered_each_failure_is_told() -> None:
    error = NoModelAnswered("coder", [("big", ModelDown("no server")), ("small", ModelDown("no file"))])
    assert str(error) == "no model could answer as coder: big: no server; small: no file"
