"""The files that an import reads: one file, a folder's, or a zip's, which are read in place and never unpacked to disk.

Names that come from a zip are only shown and compared: none of them becomes a path.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from metahuman.memory.importing.report import Report
from metahuman.state.errors import StoreError
from metahuman.state.files import store_errors

#: What reading raises where a file is broken, cut short, encrypted or gone.
UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
#: Text packs to a fifth or a tenth of its size; what unpacks to more than this many times as much is a bomb.
BOMB_RATIO = 200
#: Bytes below which a bomb does no harm.
HARMLESS = 32 * 2**20
#: Bytes that are looked at to tell the encoding of a file, and what it holds.
HEAD = 256 * 2**10
GET_AGAIN = "get the export again"
_ENCRYPTED = 0x1  # APPNOTE.TXT 4.4.4: bit 0 of the general purpose flags


@dataclass(frozen=True)
class Part:
    """One file to read.

    Args:
        name: Its path inside what is imported, with "/"; printable.
        size: Its bytes, unpacked.
        modified: When it was last changed, if that is known.
        opened: Opens it.
    """

    name: str
    size: int
    modified: datetime | None
    opened: Callable[[], AbstractContextManager[BinaryIO]]

    def head(self) -> bytes:
        """Return its first bytes."""
        with self.opened() as file:
            return file.read(HEAD)

    @contextlib.contextmanager
    def text(self, report: Report) -> Iterator[TextIO]:
        """Open it as text, in the encoding that it seems to have, and with every end of a line the same."""
        with self.opened() as file:
            head = file.read(HEAD)
            encoding = encoding_of(head)
            if encoding == "cp1252":
                report.note("not UTF-8: read as Windows-1252", self.name)
            joined = io.BufferedReader(_Joined(head, file), HEAD)
            with io.TextIOWrapper(joined, encoding=encoding, errors="replace", newline=None) as text:
                yield text


class _Joined(io.RawIOBase):
    """A file of which the head was read already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        data = data or self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def encoding_of(head: bytes) -> str:
    """Return the encoding of a text that begins with `head`.

    Raises:
        OSError: If it is no text.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        raise OSError("it is no text")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def parts(path: Path, report: Report) -> Iterator[Part]:
    """Yield the files at `path`, in the order of their names; zips in a folder are looked into.

    Args:
        path: A file, a folder or a zip.
        report: Told of what cannot be read.

    Raises:
        StoreError: If there is nothing at `path`, or it cannot be read.
    """
    with store_errors(path, "check that it is there and can be read"):
        path.stat()
    if path.is_dir():
        # The folder of a home's memories is known by its name, also when it is named itself.
        yield from _folder(path.parent if path.name == "episodic" else path, path, report)
        return
    if is_zip(path):
        try:
            yield from _zip(path, "", report)
        except zipfile.BadZipFile as error:
            raise StoreError(path, f"is a broken zip ({error})", GET_AGAIN) from error
        return
    yield _file(path, path.name)


def is_zip(path: Path) -> bool:
    """Tell whether a file is a zip, or was meant to be."""
    if path.suffix.casefold() == ".zip":
        return True
    with store_errors(path, "check that it can be read"), path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _folder(root: Path, folder: Path, report: Report) -> Iterator[Part]:
    """Yield the ordinary files below `folder`; hidden ones, and links to other folders, are passed over."""
    with store_errors(folder, "check that the folder can be read"), os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = Path(entry.path)
        name = printable(path.relative_to(root).as_posix())
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _folder(root, path, report)
            elif entry.is_file() and path.parent == root and path.suffix.casefold() == ".zip":
                yield from _zip(path, f"{name}/", report)
            elif entry.is_file():
                yield _file(path, name)
        except StoreError as error:
            report.fault(f"cannot be read; {error.remedy}", name)
        except zipfile.BadZipFile as error:
            report.fault(f"broken zip ({error}): {GET_AGAIN}", name)


def _file(path: Path, name: str) -> Part:
    with store_errors(path, "check that it can be read"):
        stat = path.stat()
    return Part(name, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC), partial(_open_file, path))


def _open_file(path: Path) -> BinaryIO:
    return path.open("rb")


def _zip(path: Path, above: str, report: Report) -> Iterator[Part]:
    with store_errors(path, "check that it can be read"), path.open("rb") as file, zipfile.ZipFile(file) as packed:
        for info in sorted(packed.infolist(), key=lambda info: info.filename):
            name = above + printable(info.filename)
            if info.is_dir() or name.startswith("__MACOSX/"):
                continue
            problem = _refused(info)
            if problem:
                report.fault(problem, name)
            else:
                yield Part(name, info.file_size, _changed(info), partial(_open, packed, info))


@contextlib.contextmanager
def _open(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[BinaryIO]:
    with packed.open(info) as file:
        yield cast(BinaryIO, file)


def _refused(info: zipfile.ZipInfo) -> str:
    """Return why a file in a zip is not read; "" where it is."""
    if info.flag_bits & _ENCRYPTED:
        return "encrypted: unpack it with its password, and import the folder"
    if info.file_size > HARMLESS and info.file_size > BOMB_RATIO * max(info.compress_size, 1):
        return f"unpacks to more than {BOMB_RATIO} times its size, as no honest export does"
    return ""


def _changed(info: zipfile.ZipInfo) -> datetime | None:
    """Return the time in a zip, which is that of whoever packed it; None where it holds no date there is."""
    with contextlib.suppress(ValueError, OverflowError):
        return datetime(*info.date_time).astimezone(UTC)
    return None


def printable(name: str) -> str:
    """Return a name that does nothing to a terminal."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name)
