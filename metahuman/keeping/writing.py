"""Writes the backup of a home, also while programs are at work in it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

from metahuman.home import Home
from metahuman.keeping.audit_now import FOLDER, audit_now
from metahuman.keeping.contents import Contents, Source, contents_of
from metahuman.keeping.database import with_database
from metahuman.keeping.manifest import NAME, Kept, Manifest
from metahuman.keeping.sealing import SealedWriter
from metahuman.state.errors import BadChoice, StoreError
from metahuman.state.files import REMEDY, make_folder, replacing, store_errors
from metahuman.state.moments import iso
from metahuman.state.sqlite import BUSY_SECONDS, is_damage, is_sound

#: Called with the bytes that are read, and with how many there are.
Progress = Callable[[int, int], None]
BLOCK = 1 << 20
#: What cannot be made smaller.
_PACKED = frozenset({".gguf", ".safetensors", ".pt", ".zip", ".gz", ".zst", ".png", ".jpg", ".jpeg", ".mp3", ".mp4"})
_READABLE = "make it readable, or say --without"


def back_up(
    home: Home,
    target: Path,
    *,
    passphrase: str | None = None,
    without: Collection[str] = (),
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Manifest:
    """Write a home into one file, which appears whole or not at all, for the owner's eyes only.

    Each file is as it was at one moment: settings and memories are replaced as a whole, databases are copied by
    SQLite's own backup. What threads tell of is in what is read after them.

    Args:
        home: The home.
        target: The file.
        passphrase: What the file is sealed with; None leaves it open.
        without: Parts that stay out, of `contents.PARTS`.
        overwrite: Whether a file that is there may be replaced.
        progress: Told how far it is.

    Raises:
        BadChoice: If there is no home, or the target may not be written.
        SettingError: If sealing needs a package that is not installed.
        StoreError: If something cannot be read or written.
    """
    _may_write(home, target, overwrite=overwrite)
    make_folder(target.parent)
    with _aside(home) as stage, replacing(target) as file:
        contents, source = contents_of(home.root, without), with_database(home, stage)
        sources = [one for one in source.instead_of(contents.sources) if not one.place.startswith(f"{FOLDER}/")]
        manifest = _manifest(home, contents, source.kind)
        sealed = SealedWriter(file, passphrase) if passphrase is not None else None
        with zipfile.ZipFile(sealed or file, "w", zipfile.ZIP_DEFLATED) as archive:
            writer = _Writer(archive, stage, manifest.files, progress or _untold)
            writer.write_all(sources)
            if "audit" not in without:  # last, for it tells of all
                writer.write_all(audit_now(home, stage))
            damaged = tuple(writer.damaged)
            archive.writestr(
                _info(NAME), manifest.model_copy(update={"damaged": damaged}).model_dump_json(by_alias=True)
            )
        if sealed:
            sealed.finish()
    return manifest.model_copy(update={"damaged": damaged})


def default_name() -> str:
    """Return what a backup made now is called."""
    return f"metahuman-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip"


def see_that_there_is_one(home: Home) -> None:
    """See that there is a home.

    Raises:
        BadChoice: If there is none.
    """
    if not home.root.is_dir():
        raise BadChoice(f"{home.root}: there is no home; choose one with --home or METAHUMAN_HOME")


def _untold(_done: int, _total: int) -> None:
    return None


def _may_write(home: Home, target: Path, *, overwrite: bool) -> None:
    see_that_there_is_one(home)
    if target.exists() and not (overwrite and target.is_file()):
        raise BadChoice(f"{target}: is there already; give another name, or say --overwrite")
    if target.resolve().is_relative_to(home.root.resolve()):
        raise BadChoice(f"{target}: lies in the home, and would be lost with it; name a place outside")


@contextlib.contextmanager
def _aside(home: Home) -> Iterator[Path]:
    """Hand out a folder for copies that goes in the end. It is in the home: nothing lies open anywhere else."""
    above = make_folder(home.root / "state")
    with store_errors(above), tempfile.TemporaryDirectory(".tmp", ".backup-", above) as name:
        yield Path(name)


def _manifest(home: Home, contents: Contents, kind: str) -> Manifest:
    return Manifest(
        program=version("metahuman"),
        made_at=iso(datetime.now(UTC)),
        home=str(home.root),
        source="postgresql" if kind == "postgresql" else "files",
        left_out=contents.left,
    )


@dataclass
class _Writer:
    """Puts files into an archive.

    Args:
        archive: The archive.
        stage: A folder for copies.
        files: What is told of each file goes there.
        progress: Told how far it is.
        damaged: Databases that were damaged.
    """

    archive: zipfile.ZipFile
    stage: Path
    files: dict[str, Kept]
    progress: Progress
    damaged: list[str] = field(default_factory=list)

    def write_all(self, sources: list[Source]) -> None:
        """Write the files."""
        sizes = [_size(source.path) for source in sources]
        done, total = 0, sum(sizes)
        for source, size in zip(sources, sizes, strict=True):
            with contextlib.suppress(FileNotFoundError):  # it went meanwhile: then it is no part of the home
                self._write(source)
            done += size
            self.progress(done, total)

    def _write(self, source: Source) -> None:
        if not (source.place.startswith("state/") and source.path.suffix == ".sqlite"):
            return self._put(*source)
        copy, sound = _copied(source.path, self.stage / "copy.sqlite")
        if not sound:
            self.damaged.append(source.place)
        self._put(source.place, copy)
        (self.stage / "copy.sqlite").unlink(missing_ok=True)
        return None

    def _put(self, place: str, path: Path, most: int | None = None) -> None:
        with _reading(path), path.open("rb") as file:
            about = os.fstat(file.fileno())
            with self.archive.open(_info(place, path.suffix), "w", force_zip64=True) as member:
                size, digest = _poured(file, member, about.st_size if most is None else min(most, about.st_size))
        runs = bool(about.st_mode & stat.S_IXUSR)
        modified = max(about.st_mtime, 0.0)
        self.files[place] = Kept(size=size, sha256=digest, modified=modified, runs=runs)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise StoreError(path, error, _READABLE) from error


def _poured(file: IO[bytes], member: IO[bytes], size: int) -> tuple[int, str]:
    """Copy what a file held when it was opened: a log may grow for ever. Return its size and digest."""
    digest, done = hashlib.sha256(), 0
    while done < size and (block := file.read(min(BLOCK, size - done))):
        digest.update(block)
        member.write(block)
        done += len(block)
    return done, digest.hexdigest()


def _info(place: str, suffix: str = "") -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(place)
    info.compress_type = zipfile.ZIP_STORED if suffix.lower() in _PACKED else zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | 0o600) << 16
    return info


def _copied(path: Path, copy: Path) -> tuple[Path, bool]:
    """Copy a database as it is at one moment; return the copy, or the file itself if it is damaged, and if it is sound.

    A reader holds nobody up: the files are in write-ahead mode.
    """
    path.stat()
    try:
        with contextlib.closing(_open(f"{path.resolve().as_uri()}?mode=ro")) as database:
            os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with contextlib.closing(_open(copy.as_uri())) as other:
                database.backup(other)
        os.utime(copy, (path.stat().st_mtime,) * 2)
    except sqlite3.Error as error:
        if not (isinstance(error, sqlite3.DatabaseError) and is_damage(error)):
            raise StoreError(path, str(error), REMEDY) from error
        return path, False
    return copy, is_sound(copy)


def _open(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, timeout=BUSY_SECONDS, uri=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
