"""A file replaced, made or taken away at one stroke, unless somebody else has changed it meanwhile."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from metahuman.state.errors import ToolError
from metahuman.tools.files.opening import Read, folder, one_line, read_at, stamp_of
from metahuman.tools.files.stopping import go_on

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: The permission of its owner to write a file.
_WRITABLE = 0o200


def temporary(change: str) -> str:
    """Return the name of the file beside the changed one that holds its new content until it is whole."""
    return f".metahuman-{change}.tmp"


def read_there(path: Path, most: int) -> Read | None:
    """Read a file whole; None where there is none, nor perhaps its folder.

    Args:
        path: An absolute path in which every link has been resolved.
        most: Bytes that it may have.

    Raises:
        OSError: If it cannot be read.
        ToolError: If it is larger.
    """
    try:
        with folder(path.parent) as held:
            read = read_at(held, path.name, most + 1)
    except FileNotFoundError:
        return None
    if len(read.data) > most:
        raise ToolError(f"{one_line(path)}: it has more than {most:,} bytes; tools change smaller files only")
    return read


def put(path: Path, content: bytes | None, before: Read | None, change: str, modes: tuple[int, int]) -> None:
    """Give a file its new content, or take it away; a crash leaves the old file or the new one.

    Args:
        path: An absolute path in which every link has been resolved.
        content: The new content; None takes the file away.
        before: The file as it was read; None if there was none.
        change: The id of the change; what a crash may leave beside the file is named after it.
        modes: Permissions of a new file, and of new folders above it.

    Raises:
        OSError: If it cannot be written; the old file is then untouched.
        ToolError: If it is not as it was read, or may not be written.
    """
    if before and not before.mode & _WRITABLE:
        raise ToolError(f"{one_line(path)}: it is marked as read-only; the owner can lift that")
    with folder(path.parent, make=modes[1]) as held:
        if content is None:
            _check_unchanged(held, path, before)
            os.unlink(path.name, dir_fd=held)
        else:
            _replace(held, path, content, before, temporary(change), before.mode if before else modes[0])
        os.fsync(held)


def _replace(held: int, path: Path, content: bytes, before: Read | None, name: str, mode: int) -> None:
    try:
        _write(held, name, content, mode, exact=before is not None)
        go_on()
        _check_unchanged(held, path, before)
        if before is None:
            _name(held, name, path.name)
        else:
            os.rename(name, path.name, src_dir_fd=held, dst_dir_fd=held)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=held)


def _write(held: int, name: str, content: bytes, mode: int, *, exact: bool) -> None:
    descriptor = os.open(name, _NEW, mode, dir_fd=held)
    with os.fdopen(descriptor, "wb") as file:
        if exact:  # else the owner's umask has its say
            os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _name(held: int, name: str, wanted: str) -> None:
    """Name a new file at one stroke, and never over another; some disks cannot do both."""
    try:
        os.link(name, wanted, src_dir_fd=held, dst_dir_fd=held, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        os.rename(name, wanted, src_dir_fd=held, dst_dir_fd=held)


def _check_unchanged(held: int, path: Path, before: Read | None) -> None:
    try:
        now = stamp_of(os.stat(path.name, dir_fd=held, follow_symlinks=False))
    except FileNotFoundError:
        now = None
    if now != (before.stamp if before else None):
        raise ToolError(f"{one_line(path)}: somebody else has just changed it; read it again")
