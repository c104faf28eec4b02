"""What leaves this machine, to the last file; and the base model where it arrives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from metahuman.state.errors import SettingError, StoreError
from metahuman.training.job import read_job
from metahuman.training.remote import base
from metahuman.training.remote.bundle import bundle_of, counted, packed, written
from metahuman.training.remote.settings import RemoteSettings
from tests.elsewhere import ROWS, a_run

ROOT = Path(__file__).parents[3]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return a_run(tmp_path / "home")


def code() -> set[str]:
    """Return the files of the two rooms, as they stand in the repository."""
    found = set()
    for room in ("state", "training"):
        paths = (path for path in (ROOT / room).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        found |= {f"code/metahuman/{path.relative_to(ROOT).as_posix()}" for path in paths if path.suffix != ".pyc"}
    return found


def test_exactly_this_leaves(run: Path) -> None:
    bundle = bundle_of(run, RemoteSettings())
    digest = read_job(run).base.sha256[:12]
    own = {"job.json", "data/train.jsonl", "data/held-out.jsonl", "requirements.txt", "run.sh"}
    assert bundle.keys() == own | {f"base/{digest}/base.gguf", "code/metahuman/__init__.py"} | code()
    counts = counted(bundle)
    assert (counts["pairs"], counts["files"]) == (20, len(bundle))
    assert counts["bytes"] == sum(one.size for one in bundle.values())


def test_pairs_leave_without_ids_and_times(run: Path) -> None:
    bundle = bundle_of(run, RemoteSettings())
    lines = [*bundle["data/train.jsonl"].piece(0, 1 << 20).splitlines()]
    assert json.loads(lines[0]) == {"messages": ROWS[0]["messages"], "metadata": {"weight": 0.5}}
    ours = b"".join(one.piece(0, one.size) for name, one in bundle.items() if not name.startswith(("base/", "code/")))
    assert b"evt-" not in ours
    assert b"2026-05" not in ours
    assert str(run.parents[3]).encode() not in ours


def test_the_same_job_gives_the_same_archive(run: Path) -> None:
    first, again = packed(bundle_of(run, RemoteSettings())), packed(bundle_of(run, RemoteSettings()))
    assert first.keys() == again.keys()
    name = next(iter(first))
    assert first[name].sha256 == again[name].sha256
    with tarfile.open(fileobj=BytesIO(first[name].piece(0, first[name].size))) as archive:
        assert {one.mode for one in archive} == {0o600}
        assert "base/" not in {one.name[:5] for one in archive}


def test_the_rooms_that_leave_need_no_others(run: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    written(bundle_of(run, RemoteSettings()), job)
    code = (
        "import sys, metahuman.training.__main__; from pathlib import Path; from metahuman.training.remote import base;"
        "base.ready(Path()); rooms = {name.split('.')[1] for name in sys.modules if name.startswith('metahuman.')};"
        "print(sys.modules['metahuman'].__file__, sorted(rooms))"
    )
    there = {"PYTHONPATH": str(job / "code"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], cwd=job, env=there, capture_output=True, text=True, check=False)
    assert done.stdout == f"{job}/code/metahuman/__init__.py ['state', 'training']\n", done.stderr


def test_a_row_that_is_none_is_named(run: Path) -> None:
    job = json.loads((run / "job.json").read_text())
    path = Path(job["dataset"]["folder"]) / "held-out.jsonl"
    path.write_text('{"messages": [{"role": "user"}]}\n')
    from tests.elsewhere import told

    job["dataset"]["files"]["held-out.jsonl"] = told(path)
    (run / "job.json").write_text(json.dumps(job))
    with pytest.raises(SettingError, match=r"held-out\.jsonl: line 1: is no pair"):
        bundle_of(run, RemoteSettings())


def test_a_base_that_is_too_large_is_fetched_over_there_instead(run: Path) -> None:
    with pytest.raises(StoreError, match=r"`bases`, key 'embedded'"):
        bundle_of(run, RemoteSettings(send_base_megabytes=0.1))
    found = bundle_of(run, RemoteSettings(send_base_megabytes=0.1, bases={"embedded": "owner/repo/file.gguf"}))
    assert not any(name.startswith("base/") for name in found)
    assert found["base-source.txt"].data == b"owner/repo/file.gguf\n"
    job = json.loads(found["job.json"].piece(0, 1 << 20))
    assert job["base"]["path"] == f"base/{job['base']['sha256'][:12]}/file.gguf"


def test_a_base_is_checked_where_it_arrives(run: Path, tmp_path: Path) -> None:
    written(bundle_of(run, RemoteSettings()), tmp_path / "job")
    place = base.ready(tmp_path / "job")
    assert place.read_bytes() == (tmp_path / "home" / "base.gguf").read_bytes()
    place.write_bytes(b"another")
    assert base.ready(tmp_path / "job") == place  # it is looked at once
    (place.parent / base.CHECKED).unlink()
    with pytest.raises(StoreError, match="is not the base model that the job is for"):
        base.ready(tmp_path / "job")
    place.unlink()
    with pytest.raises(StoreError, match="the base model is not there"):
        base.ready(tmp_path / "job")


def test_what_is_installed_there_is_what_is_here(run: Path) -> None:
    lines = (bundle_of(run, RemoteSettings())["requirements.txt"].data or b"").decode().splitlines()
    names = [re.split("[<>=]", line)[0] for line in lines]
    assert {"torch", "transformers", "peft", "gguf", "numpy", "pydantic", "filelock", "xllamacpp"} <= set(names)
    assert not any("+" in line for line in lines)
