"""The base model over there: sent along, or fetched from Hugging Face; checked by its digest either way.

Run by `run.sh` in the folder of a job: `python -m metahuman.training.remote.base`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from metahuman.state.errors import MetaHumanError, StoreError
from metahuman.state.files import make_folder, write_atomic
from metahuman.training.base import base_digest
from metahuman.training.job import Job, read_job

#: Where bases are in a job's folder, each in a folder that is named by its digest.
FOLDER = "base"
#: In the folder of a base that was found to be the right one.
CHECKED = ".checked"
#: Holds the name at Hugging Face of a base that is not sent along.
SOURCE = "base-source.txt"
#: What transformers needs of a folder of safetensors.
KINDS = ("*.safetensors", "*.json", "*.model", "*.txt", "*.jinja")


def files_of(path: Path) -> list[Path]:
    """Return the files that a base consists of: one GGUF file, or those of a folder of safetensors."""
    if path.is_dir():
        return sorted({file for kind in KINDS for file in path.glob(kind) if file.is_file()})
    return [path]


def ready(folder: Path) -> Path:
    """See that the base of a job is there, and is the one it was made for; return where.

    Raises:
        SettingError: If the job is wrong.
        StoreError: If the base is another one, or cannot be fetched.
    """
    job = read_job(folder)
    place, own = folder / job.base.path, folder / FOLDER / job.base.sha256[:12]
    if (own / CHECKED).exists():
        return place
    if (folder / SOURCE).exists():
        _fetch((folder / SOURCE).read_text().strip(), own)
    _check(job, place)
    write_atomic(own / CHECKED, b"")
    return place


def _check(job: Job, place: Path) -> None:
    if not place.exists():
        raise StoreError(place, "the base model is not there", "run the job again from where it was sent")
    if base_digest(place) != job.base.sha256:
        remedy = f"correct `bases` in etc/remote.json, key {job.base.model_id!r}, or remove it to send the base along"
        raise StoreError(place, "is not the base model that the job is for", remedy)


def _fetch(source: str, target: Path) -> None:
    """Fetch "owner/repository" or "owner/repository/file.gguf"."""
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    owner, repository, *name = source.split("/", 2)
    make_folder(target)
    try:
        if name:
            hf_hub_download(f"{owner}/{repository}", name[0], local_dir=target)
        else:
            snapshot_download(f"{owner}/{repository}", allow_patterns=list(KINDS), local_dir=target)
    except (HfHubHTTPError, OSError, ValueError) as error:
        told = " ".join(str(error).split())[:300]
        raise StoreError(source, f"cannot be fetched from Hugging Face: {told}", "check `bases`") from error


if __name__ == "__main__":
    try:
        ready(Path.cwd())
    except MetaHumanError as error:
        sys.exit(f"metahuman: {error}")
