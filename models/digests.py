"""The sha256 of big files, each computed once: a note beside it is right for as long as the file does not change."""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import lru_cache
from pathlib import Path

from metahuman.state.errors import StoreError
from metahuman.state.files import write_atomic


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file.

    It is known from the note `.<name>.checked` beside the file, where that tells the file's time of change. In a folder
    that cannot be written, it is computed once for each program.

    Raises:
        OSError: If the file cannot be read.
    """
    return _sha256(path, path.stat().st_size, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path: Path, _size: int, changed: int) -> str:
    note, mark = path.with_name(f".{path.name}.checked"), f" {changed}"
    said = note.read_bytes().decode(errors="replace") if note.is_file() else ""
    if said.endswith(mark) and len(said) == len(mark) + 64:
        return said[:64]
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if os.access(path.parent, os.W_OK):
        with contextlib.suppress(StoreError):  # then it is computed again another time
            write_atomic(note, f"{found}{mark}".encode())
    return found
