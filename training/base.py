"""What a base model is, told from its files: a GGUF file, or a folder of safetensors."""

from __future__ import annotations

import hashlib
from pathlib import Path

from metahuman.state.errors import StoreError
from metahuman.state.files import read_json, store_errors
from metahuman.training.export.architectures import architecture_of
from metahuman.training.job import Base

REMEDY = "name a GGUF file, or a folder with config.json and *.safetensors, with --base-path"


def weight_files(path: Path) -> list[Path]:
    """Return the files that hold a base's weights.

    Raises:
        StoreError: If there are none.
    """
    found = sorted(path.glob("*.safetensors")) if path.is_dir() else [path] if path.is_file() else []
    if not found:
        raise StoreError(path, "there is no model there", REMEDY)
    return found


def base_digest(path: Path) -> str:
    """Return the sha256 of a base, as `Base` has it.

    Raises:
        StoreError: If there is none, or it cannot be read.
    """
    digest = hashlib.sha256()
    for file in weight_files(path):
        with store_errors(file, REMEDY), file.open("rb") as opened:
            while piece := opened.read(1 << 22):
                digest.update(piece)
    return digest.hexdigest()


def folder_architecture(path: Path) -> str:
    """Return the architecture of a folder of safetensors, by the name that GGUF files have for it.

    Raises:
        SettingError: If its config.json is broken.
        StoreError: If it has none.
    """
    return architecture_of(str(read_json(path / "config.json").get("model_type", "")))


def place_of(base: Base, folder: Path) -> Path:
    """Return where a job's base is, once it is seen to be the one that the job was made for.

    Args:
        base: The base.
        folder: The run's folder, from which a relative path starts.

    Raises:
        StoreError: If it is gone, or another one.
    """
    path = folder / base.path
    if base_digest(path) != base.sha256:
        raise StoreError(path, "it is not the base that this run was begun with", "begin anew with `metahuman train`")
    return path
