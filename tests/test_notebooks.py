"""Runs every notebook from top to bottom, on the embedded model; what is checked in holds nothing of any machine."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from metahuman.home import find_home
from metahuman.training.needs import PACKAGES, REMEDY
from tests.homes import EMBEDDED, ENCODER, embedded

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
#: Those that train need what is not installed everywhere; there they say so in one line, and do no more.
TRAINS = {"05_train_a_voice.ipynb"}
#: What a path on somebody's machine begins with.
PLACES = re.compile(r"(?<![\w.])(/home/|/root/|/tmp/|/Users/|/work/|[A-Z]:\\)")


def test_they_are_numbered() -> None:
    assert [path.name[:3] for path in NOTEBOOKS] == [f"0{number}_" for number in range(1, len(NOTEBOOKS) + 1)]


@every_notebook
def test_nothing_of_a_run_is_checked_in(path: Path) -> None:
    text = path.read_text("utf-8")
    content = json.loads(text)
    nbformat.validate(content)
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert not [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"] is not None]
    assert not [cell["id"] for cell in content["cells"] if cell["metadata"]]
    assert content["metadata"].keys() == {"kernelspec", "language_info"}
    assert content["metadata"]["language_info"] == {"name": "python"}  # no version of anybody's Python
    assert PLACES.findall(text) == []


@pytest.mark.slow
@pytest.mark.real_model
@pytest.mark.timeout(900)  # training a voice takes minutes on two cores
@pytest.mark.skipif(not EMBEDDED.exists(), reason="the embedded model is not there: metahuman models pull")
@pytest.mark.skipif(not ENCODER.exists(), reason="the sentence encoder is not there: metahuman models pull")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the kernel's own libraries
@every_notebook
def test_it_runs(path: Path, tmp_path: Path) -> None:
    embedded(find_home().root, maxTokens=8)  # for the one that talks in the owner's home
    told = outputs(path, tmp_path)
    if path.name in TRAINS and not all(map(find_spec, PACKAGES)):
        assert [text for text in told if REMEDY in text] == told
    else:
        assert "image/png" in told


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.name in TRAINS], ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_without_what_training_needs_it_says_so_and_does_no_more(path: Path, tmp_path: Path) -> None:
    told = outputs(path, tmp_path, "import metahuman.training.needs as needs\nneeds.PACKAGES = ('not_installed',)")
    assert told == [f"training needs not_installed: {REMEDY}"]


def outputs(path: Path, folder: Path, before: str = "") -> list[str]:
    """Run a notebook, and some code before it; return the texts that it printed, and the kinds of what it drew."""
    notebook = nbformat.read(path, as_version=4)
    if before:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(before))
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return [told for cell in notebook.cells for one in cell.get("outputs", []) for told in told_by(one)]


def told_by(output: Any) -> list[str]:
    """Return what an output says; of what is shown, its kinds."""
    return [output["text"].strip()] if output["output_type"] == "stream" else list(output["data"])
