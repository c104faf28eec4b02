"""Tests that the pages which come from the code are what the code says."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from scripts.reference import DOCS

#: In a program of its own: what other tests did to commands shows in their help.
PRINT = "import json; from scripts.reference import commands, settings; print(json.dumps([commands(), settings()]))"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    done = subprocess.run([sys.executable, "-c", PRINT], cwd=DOCS.parent, capture_output=True, check=True)
    return dict(zip(("commands.md", "settings.md"), json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("name", ["commands.md", "settings.md"])
def test_a_page_is_what_the_code_says(name: str, made: dict[str, str]) -> None:
    assert (DOCS / name).read_text("utf-8") == made[name], "run `make docs`"
