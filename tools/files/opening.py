"""Files opened so that no link on the way is followed: a path that was judged cannot lead elsewhere since."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from metahuman.state.errors import ToolError

#: To pass through a folder, Linux does not ask that it can be listed.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: A pipe that nobody writes to must not be waited for.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WHY = {
    errno.ENOENT: "there is no such file or folder; fs_list shows what there is",
    errno.EACCES: "the system does not permit it; choose another",
    errno.EPERM: "the system does not permit it; choose another",
    errno.ENOTDIR: "it, or a part of its path, is no folder; fs_list shows what there is",
    errno.ELOOP: "it is a link, and is not followed; name what it leads to",
    errno.EISDIR: "it is a folder; fs_list shows what is in it",
    errno.ENXIO: "it is no file, but a socket or a device; choose a file",
    errno.ENOSPC: "the disk is full; make room and try again",
    errno.EROFS: "the disk can only be read; choose another place",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


class Stamp(NamedTuple):
    """What tells that a file was changed or replaced: its number, its size in bytes, nanoseconds of its last change."""

    inode: int
    size: int
    modified: int


class Read(NamedTuple):
    """What was read of a file.

    Args:
        data: Its bytes, not all of them if it has more than were wanted.
        mode: Its permissions.
        stamp: The file's as it was opened.
    """

    data: bytes
    mode: int
    stamp: Stamp


@contextlib.contextmanager
def tool_errors(path: Path | str) -> Iterator[None]:
    """Turn what the operating system says about `path` into one line for the model.

    Raises:
        ToolError: For any `OSError` inside the block.
    """
    try:
        yield
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise ToolError(f"{one_line(path)}: {_WHY.get(error.errno or 0, f'{said}; choose another')}") from error


def one_line(path: Path | str) -> str:
    """Return a path or name in one line: what cannot be printed in it is escaped."""
    text = str(path)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


@contextlib.contextmanager
def folder(path: Path, *, make: int | None = None) -> Iterator[int]:
    """Hand out a descriptor of a folder, come to from the root on without following a link.

    Args:
        path: An absolute path in which every link has been resolved.
        make: The permissions with which missing folders are made; None leaves them missing.

    Raises:
        OSError: If a part of it is missing, a link, or no folder.
    """
    held = os.open(path.anchor, _PASS)
    try:
        for name in path.parts[1:]:
            above, held = held, _below(held, name, make)
            os.close(above)
        whole = os.open(".", FOLDER, dir_fd=held)
    finally:
        os.close(held)
    try:
        yield whole
    finally:
        os.close(whole)


def read_file(path: Path, most: int, *, end: bool = False) -> Read:
    """Read a file; nothing but a regular file is read, and a link is not followed.

    Args:
        path: An absolute path in which every link has been resolved.
        most: Bytes that are read at most; a file may be larger, or grow meanwhile.
        end: Whether the last bytes are read instead of the first.

    Raises:
        ToolError: If it cannot be read.
    """
    with tool_errors(path), folder(path.parent) as held:
        return read_at(held, path.name, most, end=end)


def read_at(held: int, name: str, most: int, *, end: bool = False) -> Read:
    """As `read_file`, for the file `name` of the folder with the descriptor `held`.

    Raises:
        OSError: If it cannot be read.
    """
    descriptor = os.open(name, _READ, dir_fd=held)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EISDIR if stat.S_ISDIR(found.st_mode) else errno.ENXIO, "no regular file")
        if end:
            os.lseek(descriptor, max(0, found.st_size - most), os.SEEK_SET)
        return Read(_bytes(descriptor, most), stat.S_IMODE(found.st_mode), stamp_of(found))
    finally:
        os.close(descriptor)


def stamp_of(found: os.stat_result) -> Stamp:
    """Return the stamp of a file."""
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)


def _below(held: int, name: str, make: int | None) -> int:
    try:
        return os.open(name, _PASS, dir_fd=held)
    except FileNotFoundError:
        if make is None:
            raise
    with contextlib.suppress(FileExistsError):  # made by somebody else this very moment
        os.mkdir(name, make, dir_fd=held)
    return os.open(name, _PASS, dir_fd=held)


def _bytes(descriptor: int, most: int) -> bytes:
    parts, left = list[bytes](), most
    while left > 0 and (part := os.read(descriptor, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
