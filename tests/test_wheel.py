"""Builds the wheel and uses it from a folder whose own graph.py, state.py and tools.py stand in the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
#: Every folder that is linked into the package; a link cannot be shipped, so each must be named in pyproject.toml too.
ROOMS = [link.name for link in (ROOT / "metahuman").iterdir() if link.is_symlink()]
NOT_SHIPPED = shutil.ignore_patterns(".git", ".venv", "build", "dist", "*.egg-info", ".*_cache", "__pycache__")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, out = tmp_path_factory.mktemp("source") / "metahuman", tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, source, symlinks=True, ignore=NOT_SHIPPED)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_one_package_with_its_prompts_and_settings(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"metahuman"}
    sources = {
        path
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.suffix in (".py", ".md", ".json", ".gguf", ".npz")
    }
    assert {f"metahuman/{path.relative_to(ROOT).as_posix()}" for path in sources} <= names
    assert "metahuman/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_it_works_beside_modules_of_the_same_names(wheel: Path, tmp_path: Path) -> None:
    site, project = tmp_path / "site", tmp_path / "project"
    zipfile.ZipFile(wheel).extractall(site)
    project.mkdir()
    for name in ("graph", "state", "tools", "nodes", "memory", "models", "audit"):
        (project / f"{name}.py").write_text("raise RuntimeError('the wrong module')\n")
    code = (
        "import metahuman, metahuman.graph.turn, metahuman.studio, metahuman.deciding; "
        "from metahuman import MetaHuman; twin = MetaHuman(); twin.close(); "
        "print(metahuman.__file__, metahuman.validate_registry()[0])"
    )
    environment = os.environ | {"PYTHONPATH": str(site), "METAHUMAN_HOME": str(tmp_path / "home")}
    run = {"cwd": project, "env": environment, "capture_output": True, "text": True, "check": False}
    done = subprocess.run([sys.executable, "-c", code], **run)
    assert (done.stdout, done.stderr) == (f"{site / 'metahuman' / '__init__.py'} True\n", "")
    done = subprocess.run([sys.executable, "-m", "metahuman", "models", "validate"], **run)
    assert (done.returncode, done.stderr) == (0, "")
