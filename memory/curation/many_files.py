"""Many files written at once, each whole or not at all: what a disk takes long over is waiting, and that is shared."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import Executor, wait
from pathlib import Path

from metahuman.state.files import make_folder, store_errors

#: Threads that write: disks sync several files in the time of one.
THREADS = 8


def write_all(pool: Executor, contents: Mapping[Path, bytes]) -> None:
    """Write files; a crash at any point leaves of each the old one or the new one, and on return all are on disk.

    A file's permissions survive; a new one is its owner's only. What a writer that dies leaves beside them is called
    as `state.files.write_atomic` calls it.

    Args:
        pool: `THREADS` threads.
        contents: What each is to hold.

    Raises:
        StoreError: If one cannot be written; some of the others may be.
    """
    paths, beside = list(contents), dict[Path, Path]()
    folders = {path.parent for path in paths}
    for folder in folders:
        make_folder(folder)

    def write(first: int) -> None:
        for path in paths[first::THREADS]:
            with store_errors(path):
                beside[path] = _beside(path, contents[path])

    writing = [pool.submit(write, first) for first in range(THREADS)]
    wait(writing)  # else those that go on after one has failed would leave what nobody takes away
    try:
        for one in writing:
            one.result()
        for path in paths:
            with store_errors(path):
                beside[path].replace(path)
                del beside[path]
    finally:
        for left in beside.values():
            with contextlib.suppress(OSError):  # what stood in the way of the writing is told
                left.unlink()
    list(pool.map(_sync, folders))


def _beside(path: Path, data: bytes) -> Path:
    """Write a new file beside another, and wait until it is on disk."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    with os.fdopen(descriptor, "wb") as file:
        with contextlib.suppress(FileNotFoundError):
            os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _sync(folder: Path) -> None:
    """Wait until the names in a folder are on disk, where folders can be opened (not on Windows)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        with store_errors(folder):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
