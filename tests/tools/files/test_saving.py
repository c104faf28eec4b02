"""What specialists made, saved as files by the operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.state.errors import ToolError
from tests.file_desks import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    made = Files(tmp_path)
    made.made = {"sort.py": "sorted(a)\n", "plan.md": "1. pack\n"}
    return made


def test_it_is_saved_exactly_as_it_was_made(files: Files) -> None:
    said = files.call("fs_save", name="sort.py", path="code/mine.py")
    assert (files.base / "code" / "mine.py").read_text() == "sorted(a)\n"
    assert "made" in said


def test_a_file_that_is_there_is_replaced_only_if_that_is_wanted(files: Files) -> None:
    files.write("plan.md", "mine")
    with pytest.raises(ToolError, match="it is there already"):
        files.call("fs_save", name="plan.md", path="plan.md")
    assert "-mine" in files.preview("fs_save", name="plan.md", path="plan.md", replace=True)
    files.call("fs_save", name="plan.md", path="plan.md", replace=True)
    assert (files.base / "plan.md").read_text() == "1. pack\n"


def test_what_nobody_made_cannot_be_saved(files: Files) -> None:
    with pytest.raises(
        ToolError, match=r"nothing called 'x.py' was made in this conversation; there is sort.py, plan.md"
    ):
        files.call("fs_save", name="x.py", path="x.py")
    files.made = {}
    with pytest.raises(ToolError, match="nothing has been made yet"):
        files.call("fs_save", name="x.py", path="x.py")
