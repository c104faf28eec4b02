"""Where curated memories, the pairs made from them and whole datasets are in a home."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import Timeout

from metahuman.state.errors import StoreError
from metahuman.state.files import make_folder, private_lock, store_errors

#: Seconds that one who writes waits for another.
WAIT = 60.0


def curated_folder(root: Path) -> Path:
    """Return where curated memories are, a file each."""
    return root / "memory" / "curated" / "conversations"


def pairs_folder(root: Path) -> Path:
    """Return where the pairs made from them are, a file for each day of curation."""
    return root / "memory" / "curated" / "training-datasets"


def earlier_folder(root: Path) -> Path:
    """Return where files of pairs go that hold lines this program has not written."""
    return root / "memory" / "curated" / "earlier-datasets"


def datasets_folder(root: Path) -> Path:
    """Return where the datasets that were built are, a folder each."""
    return root / "out" / "datasets"


@contextlib.contextmanager
def writing(root: Path, wait: float = WAIT) -> Iterator[None]:
    """Keep everyone else from changing pairs and datasets meanwhile; whoever died holds nothing.

    What one that died left half written is deleted: it has the words of memories, and nobody would look for it there.

    Raises:
        StoreError: If somebody else does for too long.
    """
    path = make_folder(root / "memory" / "curated") / ".datasets.lock"
    lock = private_lock(path, timeout=wait)
    with store_errors(path):
        try:
            lock.acquire()
        except Timeout as error:
            raise StoreError(path, "another process is writing datasets", "end that one, and try again") from error
    try:
        _sweep(root)
        yield
    finally:
        lock.release()


def _sweep(root: Path) -> None:
    with store_errors(root):
        for folder in (pairs_folder(root), earlier_folder(root), *datasets_folder(root).glob("*/")):
            for left in folder.glob(".*.tmp"):
                left.unlink(missing_ok=True)
