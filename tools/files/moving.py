"""A file or folder moved: never over another, and gone from its old place at one stroke, also to another disk."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from metahuman.state.errors import ToolError
from metahuman.tools.files.opening import folder, one_line
from metahuman.tools.files.stopping import go_on

#: Bytes that are copied at most, where a move leads to another disk.
MOST_COPIED = 2_000_000_000


def aside(mark: str) -> str:
    """Return the name, beside its old place, of what is being copied to another disk."""
    return f".metahuman-{mark}.moving"


def move(source: Path, target: Path, mark: str) -> None:
    """Move a file or folder.

    Args:
        source: An absolute path in which every link has been resolved.
        target: Where to; its folder is there.
        mark: A word of its own: what a crash may leave is named after it.

    Raises:
        OSError: If it cannot be moved; it is then where it was.
        ToolError: If something is there already, or it is too large to be copied to another disk.
    """
    with folder(source.parent) as old, folder(target.parent) as new:
        if exists_at(new, target.name):
            raise ToolError(f"{one_line(target)}: something is there already; move that away first")
        try:
            os.rename(source.name, target.name, src_dir_fd=old, dst_dir_fd=new)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _move_to_another_disk(source, target, mark, old, new)
        os.fsync(new)
        os.fsync(old)


def bring_back(place: Path, mark: str) -> None:
    """Give what a move left aside its name again, if a crash cut the move short."""
    with contextlib.suppress(OSError), folder(place.parent) as held:
        if exists_at(held, aside(mark)) and not exists_at(held, place.name):
            os.rename(aside(mark), place.name, src_dir_fd=held, dst_dir_fd=held)


def sweep(place: Path, mark: str) -> None:
    """Delete what a move left aside, if a crash came after the copy was whole."""
    _delete(place.with_name(aside(mark)))


def exists_at(held: int, name: str) -> bool:
    """Tell whether something has this name in the folder with this descriptor; a link that leads nowhere has."""
    try:
        os.stat(name, dir_fd=held, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _move_to_another_disk(source: Path, target: Path, mark: str, old: int, new: int) -> None:
    """Move by copying; meanwhile the source is hidden, so that it is gone at one stroke."""
    hidden, growing = source.with_name(aside(mark)), target.with_name(aside(mark))
    os.rename(source.name, hidden.name, src_dir_fd=old, dst_dir_fd=old)
    try:
        _copy(hidden, growing)
        os.rename(growing.name, target.name, src_dir_fd=new, dst_dir_fd=new)
        os.fsync(new)
    except BaseException:
        _delete(growing)
        os.rename(hidden.name, source.name, src_dir_fd=old, dst_dir_fd=old)
        raise
    _delete(hidden)


def _copy(source: Path, target: Path) -> None:
    left = MOST_COPIED

    def copy(one: str, other: str) -> str:
        nonlocal left
        go_on()
        about = os.lstat(one)
        left -= about.st_size
        if left < 0:
            raise ToolError(
                f"it has more than {MOST_COPIED:,} bytes, too many to copy; the owner can delete it by hand"
            )
        shutil.copy2(one, other, follow_symlinks=False)
        if stat.S_ISREG(about.st_mode):
            _sync(other)
        return other

    if source.is_dir() and not source.is_symlink():
        try:
            shutil.copytree(source, target, symlinks=True, copy_function=copy)
        except shutil.Error as error:  # it names every file that cannot be copied
            raise ToolError(f"it cannot be copied to another disk whole: {one_line(error.args[0][0][2])}") from error
    else:
        copy(str(source), str(target))


def _sync(path: str) -> None:
    with _opened(path) as descriptor:
        os.fsync(descriptor)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
