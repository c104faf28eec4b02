"""The prompts: filled in with exactly their fields, and each of use to some node."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from metahuman.nodes.prompts import render
from metahuman.state.parts import SPECIALISTS

NODES = Path(__file__).parents[2] / "nodes"
FILES = {path.stem for path in (NODES / "prompts").glob("*.md")}


def rendered() -> set[str]:
    """Return the prompts that nodes render by name."""
    calls = [node for path in NODES.glob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    return {
        str(node.args[0].value)
        for node in calls
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "render"
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_prompt_is_used_and_every_prompt_used_is_there() -> None:
    assert rendered() | set(SPECIALISTS) == FILES


@pytest.mark.parametrize("specialist", SPECIALISTS)
def test_a_specialist_needs_no_fields(specialist: str) -> None:
    assert render(specialist) == (NODES / "prompts" / f"{specialist}.md").read_text("utf-8").strip()


def test_fields_are_filled_in_as_they_are() -> None:
    text = "costs $5, or ${about}, $$ and $message"
    assert render("persona", about=text).startswith(f"{text}\n")


@pytest.mark.parametrize("fields", [{}, {"about": "Ada", "mood": "glad"}, {"mood": "glad"}])
def test_a_field_that_is_missing_or_not_used_is_an_error(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"prompt persona has the fields \['about'\], not \["):
        render("persona", **fields)


def test_a_prompt_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="no-such-prompt"):
        render("no-such-prompt")
