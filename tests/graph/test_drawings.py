"""The drawings of what the twin does by itself are those of its graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from metahuman.graph import curator, digest, dream
from tests.curations import AtOnce
from tests.fakes import world

DRAWINGS = Path(__file__).parents[2] / "graph" / "drawings"
NOBODY = cast(Any, None)


@pytest.mark.parametrize("name", ["curator", "digest", "dream"])
def test_a_drawing_is_that_of_its_graph(name: str) -> None:
    builds = {"curator": curator.build, "digest": digest.build, "dream": dream.build}
    drawn = cast(Any, builds[name])(world().services, NOBODY, AtOnce()).compile().get_graph().draw_mermaid()
    assert (DRAWINGS / f"{name}.mmd").read_text() == drawn, f"write the new drawing to graph/drawings/{name}.mmd"
