"""What leaves this machine when a voice is trained elsewhere: a folder that is a whole job, and nothing else.

job.json            the run's, with places inside this folder and without the ids of memories
train.jsonl, held-out.jsonl in data/
                    the dataset's pairs: what was said, what was answered, and how much it counts
base/…              the base model, unless the other machine fetches it: then base-source.txt says from where
code/metahuman/…    the rooms state and training of this program
requirements.txt    what to install beside it
run.sh              installs that and trains; run again, it goes on
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import as_json, store_errors, write_atomic
from metahuman.training.base import base_digest
from metahuman.training.job import JOB, Job, read_job
from metahuman.training.remote.base import FOLDER, SOURCE, files_of
from metahuman.training.remote.pins import requirements
from metahuman.training.remote.settings import RemoteSettings

#: The rooms that training needs.
ROOMS = ("state", "training")
DATA, CODE, RUN = "data", "code", "run.sh"
_PACKAGE = '"""The rooms of MetaHuman that training needs."""\n'


@dataclass(frozen=True)
class Content:
    """A file that leaves.

    Args:
        data: What it holds; None for what a file here holds.
        path: That file.
    """

    data: bytes | None = None
    path: Path | None = None

    @cached_property
    def size(self) -> int:
        """Bytes."""
        if self.path is None:
            return len(self.data or b"")
        with store_errors(self.path, "check that it can be read"):
            return self.path.stat().st_size

    @cached_property
    def sha256(self) -> str:
        """Its digest."""
        return base_digest(self.path) if self.path else hashlib.sha256(self.data or b"").hexdigest()

    def piece(self, start: int, size: int) -> bytes:
        """Return so many bytes of it, from `start` on."""
        if self.path is None:
            return (self.data or b"")[start : start + size]
        with store_errors(self.path, "check that it can be read"), self.path.open("rb") as file:
            file.seek(start)
            return file.read(size)


Bundle = Mapping[str, Content]


def bundle_of(run: Path, settings: RemoteSettings) -> Bundle:
    """Return all that leaves, by its place in the job's folder over there.

    Args:
        run: The run's folder.
        settings: Of training elsewhere.

    Raises:
        SettingError: If the job or a row is wrong, or the dataset has changed since the job was made.
        StoreError: If something cannot be read, or the base is too large to be sent.
    """
    job = read_job(run)
    pairs = {name: _bare(job, run, name) for name in sorted(job.dataset.files)}
    base, path = _base(job, settings)
    files = {name: job.dataset.files[name] | _told(pairs[name]) for name in pairs}
    sent = job.model_copy(
        update={
            "base": job.base.model_copy(update={"path": path}),
            "dataset": job.dataset.model_copy(update={"folder": DATA, "files": files, "memory_ids": []}),
        }
    )
    return {
        JOB: Content(as_json(sent.model_dump(mode="json", by_alias=True))),
        **{f"{DATA}/{name}": Content(data) for name, data in pairs.items()},
        **base,
        **_code(),
        "requirements.txt": Content(requirements().encode()),
        RUN: Content(path=Path(__file__).with_name(RUN)),
    }


def counted(bundle: Bundle) -> dict[str, int]:
    """Return how many pairs, files and bytes leave."""
    rows = sum((one.data or b"").count(b"\n") for name, one in bundle.items() if name.startswith(f"{DATA}/"))
    return {"pairs": rows, "files": len(bundle), "bytes": sum(one.size for one in bundle.values())}


def packed(bundle: Bundle) -> dict[str, Content]:
    """Return the same as the few files that are sent: the base as it is, and an archive of all else.

    The same job gives the same archive, and its name tells it from any other.
    """
    large = {name: one for name, one in bundle.items() if name.startswith(f"{FOLDER}/")}
    packing = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packing, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(bundle.keys() - large.keys()):
            about = tarfile.TarInfo(name)
            about.size, about.mode = bundle[name].size, 0o600
            archive.addfile(about, io.BytesIO(bundle[name].piece(0, about.size)))
    content = Content(packing.getvalue())
    return {f"job-{content.sha256[:12]}.tar.gz": content, **large}


def written(bundle: Bundle, folder: Path) -> None:
    """Write a bundle into a folder, for a tool that sends folders.

    Raises:
        StoreError: If it cannot be written.
    """
    for name, content in bundle.items():
        write_atomic(folder / name, content.piece(0, content.size))


def _bare(job: Job, run: Path, name: str) -> bytes:
    """Return a file of the dataset without what training does not need: ids, times, conversations."""
    path = run / job.dataset.folder / name
    with store_errors(path, "build the dataset anew"):
        data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != job.dataset.files[name].get("sha256"):
        raise SettingError(path, "", "is not what the job was made for any more", "start a new run: `metahuman train`")
    return b"".join(_bare_row(path, number, line) for number, line in enumerate(data.splitlines(), 1))


def _bare_row(path: Path, number: int, line: bytes) -> bytes:
    try:
        row = json.loads(line)
        messages = [{"role": one["role"], "content": one["content"]} for one in row["messages"]]
        kept = {"messages": messages, "metadata": {"weight": row["metadata"].get("weight", 1)}}
    except (ValueError, KeyError, TypeError, AttributeError):
        remedy = "`metahuman dataset build` writes it anew"
        raise SettingError(path, f"line {number}", "is no pair", remedy) from None
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace") + b"\n"


def _told(data: bytes) -> dict[str, int | str]:
    return {"rows": data.count(b"\n"), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _base(job: Job, settings: RemoteSettings) -> tuple[dict[str, Content], str]:
    """Return what leaves of the base, and where it is over there."""
    path = Path(job.base.path)
    source, folder = settings.bases.get(job.base.model_id), f"{FOLDER}/{job.base.sha256[:12]}"
    if source:
        place = f"{folder}/{source.split('/', 2)[2]}" if source.count("/") > 1 else folder
        return {SOURCE: Content(f"{source}\n".encode())}, place
    sent = {f"{folder}/{file.name}": Content(path=file) for file in files_of(path)}
    size = sum(one.size for one in sent.values()) / 1e6
    if size > settings.send_base_megabytes:
        remedy = f"name its place at Hugging Face in etc/remote.json, `bases`, key {job.base.model_id!r}"
        raise StoreError(path, f"has {size:,.0f} MB, more than is sent (sendBaseMegabytes)", remedy)
    return sent, folder if path.is_dir() else f"{folder}/{path.name}"


def _code() -> dict[str, Content]:
    found = {f"{CODE}/metahuman/__init__.py": Content(_PACKAGE.encode())}
    for room in ROOMS:
        folder = _folder(room)
        for path in sorted(folder.rglob("*")):
            place = path.relative_to(folder)
            if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in place.parts):
                found[f"{CODE}/metahuman/{room}/{place.as_posix()}"] = Content(path=path)
    return found


def _folder(room: str) -> Path:
    spec = find_spec(f"metahuman.{room}")
    if spec is None or not spec.submodule_search_locations:
        raise StoreError(f"metahuman.{room}", "not installed", "install the metahuman package again")
    return Path(next(iter(spec.submodule_search_locations))).resolve()
