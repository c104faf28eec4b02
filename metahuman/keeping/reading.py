"""Reads a backup, and believes nothing of it that the manifest and the bytes do not bear out."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from metahuman.keeping.manifest import MOST, NAME, Kept, Manifest, read_manifest
from metahuman.keeping.sealing import CHUNK, SealedReader, is_sealed
from metahuman.keeping.writing import BLOCK, Progress
from metahuman.state.errors import StoreError
from metahuman.state.files import make_folder, store_errors

#: What Python raises of an archive that is damaged, or made to do damage.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, struct.error),
    *(ValueError, RuntimeError, LookupError, OverflowError, OSError),
)
_ANOTHER = "take another copy of it, or another backup"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1


class Archive:
    """A backup that is open.

    Args:
        path: Its file.
        zip: What is in it.

    Raises:
        StoreError: If it is no backup of a home, or names what a home has not.
    """

    def __init__(self, path: Path, zip: zipfile.ZipFile) -> None:  # noqa: A002 - what it is
        self.path, self._zip = path, zip
        self.manifest: Manifest = self._manifest()

    def verify(self, progress: Progress) -> None:
        """Read everything, and compare it with the manifest.

        Raises:
            StoreError: If a file is not what the manifest says.
        """
        for _ in self._each(progress):
            pass

    def unpack(self, folder: Path, progress: Progress) -> None:
        """Write every file into an empty folder, for the owner's eyes only.

        Raises:
            StoreError: If a file is not what the manifest says, or cannot be written.
        """
        made = set[Path]()
        for place, kept, blocks in self._each(progress):
            path = folder / place
            if path.parent not in made:
                made.add(make_folder(path.parent))
            with store_errors(path):
                mode = 0o700 if kept.runs else 0o600
                with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
                    file.writelines(blocks)
                os.utime(path, (kept.modified, kept.modified))

    def _each(self, progress: Progress) -> Iterator[tuple[str, Kept, Iterator[bytes]]]:
        done, total = 0, self.manifest.size
        for place, kept in self.manifest.files.items():
            blocks = self._blocks(place, kept)
            yield place, kept, blocks
            for _ in blocks:  # what nobody took is compared all the same
                pass
            done += kept.size
            progress(done, total)

    def _blocks(self, place: str, kept: Kept) -> Iterator[bytes]:
        digest, left = hashlib.sha256(), kept.size
        with _damage(self.path), self._zip.open(place) as member:
            while left and (block := member.read(min(BLOCK, left))):
                digest.update(block)
                left -= len(block)
                yield block
            if left or member.read(1) or digest.hexdigest() != kept.sha256:
                raise StoreError(self.path, f"{place} in it is not what its manifest says", _ANOTHER)

    def _manifest(self) -> Manifest:
        with _damage(self.path):
            infos = self._zip.infolist()
            last = next((info for info in infos if info.filename == NAME), None)
            if last is None or last.file_size > MOST:
                raise StoreError(self.path, "is no backup of a home: it has no manifest", "take another file")
            with self._zip.open(last) as member:
                manifest = read_manifest(self.path, member.read(MOST))
            self._compare(infos, manifest)
        return manifest

    def _compare(self, infos: list[zipfile.ZipInfo], manifest: Manifest) -> None:
        """See that the archive has the manifest's files, each once and of its size, and no other."""
        there = {info.filename: info for info in infos if info.filename != NAME}
        if len(there) + 1 != len(infos) or there.keys() != manifest.files.keys():
            raise StoreError(self.path, "has other files than its manifest says", _ANOTHER)
        for place, info in there.items():
            plain = info.compress_type in _METHODS and not info.flag_bits & _ENCRYPTED
            if not plain or info.file_size != manifest.files[place].size:
                raise StoreError(self.path, f"{place} in it is not what its manifest says", _ANOTHER)


@contextlib.contextmanager
def open_archive(path: Path, passphrase: Callable[[], str]) -> Iterator[Archive]:
    """Open a backup.

    Args:
        path: Its file.
        passphrase: Asked for what it was sealed with, if it was.

    Raises:
        BadChoice: If it was sealed with another passphrase.
        SettingError: If a package is missing that opens it.
        StoreError: If it cannot be read, or is no backup of a home.
    """
    with contextlib.ExitStack() as held:
        with store_errors(path, "check that the file exists and can be read"):
            file = held.enter_context(path.open("rb"))
            inner: BinaryIO = file
            if is_sealed(file):
                inner = cast(BinaryIO, io.BufferedReader(SealedReader(file, path, passphrase()), CHUNK))
        with _damage(path):
            packed = held.enter_context(zipfile.ZipFile(cast(IO[bytes], inner)))
        yield Archive(path, packed)


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        told = " ".join(str(error).split()) or type(error).__name__
        raise StoreError(path, f"is no backup of a home, or a damaged one ({told})", _ANOTHER) from error
