from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from metahuman.state.acting import Output
from metahuman.tools.desk import Desk
from metahuman.tools.policy.patterns import meets, pattern_of
from metahuman.tools.tool import Arguments, Tool, exactly


class Copy(Arguments):
    """Copy files."""

    paths: list[str]
    to: str = "there"
    deep: bool = False


async def nothing(_: Copy, __: Desk) -> Output:
    raise AssertionError("the policy runs nothing")


def below(given: Copy) -> Mapping[str, str]:
    return {"to": f"{Path(given.to).parent}/*"}


EXACT, BELOW = Tool("copy", Copy, nothing, pattern=exactly), Tool("copy", Copy, nothing, pattern=below)
LEADS = {"a": Path("/files/a"), "x/../a": Path("/files/a"), "b": Path("/files/b"), "../out": Path("/out")}


def copy(**given: Any) -> Copy:
    return Copy(**{"paths": ["a"], **given})


def test_the_same_call_is_met_however_its_paths_are_written() -> None:
    pattern = pattern_of(EXACT, copy(), LEADS)
    assert meets(EXACT, copy(), LEADS, pattern)
    assert meets(EXACT, copy(paths=["x/../a"]), LEADS, pattern)


@pytest.mark.parametrize("other", [{"paths": ["b"]}, {"paths": ["a", "b"]}, {"deep": True}, {"to": "else"}])
def test_another_call_is_not(other: dict[str, Any]) -> None:
    assert not meets(EXACT, copy(**other), LEADS, pattern_of(EXACT, copy(), LEADS))


def test_what_looks_like_a_glob_in_a_call_is_meant_as_it_stands() -> None:
    pattern = pattern_of(EXACT, copy(to="*"), LEADS)
    assert meets(EXACT, copy(to="*"), LEADS, pattern)
    assert not meets(EXACT, copy(to="else"), LEADS, pattern)


def test_a_tool_may_say_what_counts() -> None:
    pattern = pattern_of(BELOW, copy(to="a"), LEADS)
    assert pattern == {"to": "/files/*"}
    assert meets(BELOW, copy(to="b", paths=["c"], deep=True), LEADS, pattern)
    assert not meets(BELOW, copy(to="../out"), LEADS, pattern)


@pytest.mark.parametrize(
    ("pattern", "met"),
    [
        ({"to": "*"}, True),
        ({"to": "*", "deep": "False"}, True),
        ({"deep": "*"}, False),
        ({}, False),
        ({"to": "*", "no": "*"}, False),
    ],
)
def test_what_an_owner_writes_names_all_that_counts(pattern: dict[str, str], *, met: bool) -> None:
    assert meets(BELOW, copy(), LEADS, pattern) is met
