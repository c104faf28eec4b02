"""The audit's day files, as bytes: which there are, and their lines from either end."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from metahuman.state.files import store_errors

BLOCK = 64 * 1024
REMEDY = "check that the file exists and can be read"
_DAY_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.ndjson")


def days_of(folder: Path) -> list[Path]:
    """Return the day files of a folder, which need not exist, oldest first.

    Raises:
        StoreError: If the folder cannot be read.
    """
    with store_errors(folder, REMEDY):
        return sorted(path for path in folder.iterdir() if _DAY_FILE.fullmatch(path.name)) if folder.is_dir() else []


def forward(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file with their line breaks.

    Raises:
        StoreError: If it cannot be read.
    """
    with store_errors(path, REMEDY), path.open("rb") as file:
        yield from file


def backward(path: Path, end: int | None = None) -> Iterator[bytes]:
    """Yield the lines that stand before byte `end` (None: all) without line breaks, the last first, by blocks.

    The first of them is what stands after the last line break: often nothing.

    Raises:
        StoreError: If the file cannot be read.
    """
    with store_errors(path, REMEDY), path.open("rb") as file:
        position = file.seek(0, os.SEEK_END) if end is None else end
        rest, step = b"", BLOCK
        while position:
            start = max(0, position - step)
            file.seek(start)
            rest, *lines = (file.read(position - start) + rest).split(b"\n")
            yield from reversed(lines)
            position = start
            # Larger steps through a line larger than a block, or it would be copied once for each block.
            step = BLOCK if lines else step * 2
        yield rest


def end_of_lines(path: Path) -> int:
    """Return where the last whole line of a file ends, in bytes.

    Raises:
        StoreError: If it cannot be read.
    """
    with store_errors(path, REMEDY):
        size = path.stat().st_size
    return size - len(next(backward(path, size)))


def appended(path: Path, start: int) -> tuple[list[bytes], int]:
    """Return the whole lines of a file after byte `start`, and where they end.

    Raises:
        StoreError: If it cannot be read.
    """
    with store_errors(path, REMEDY), path.open("rb") as file:
        if file.seek(0, os.SEEK_END) < start:  # emptied or replaced: all of it is new
            start = 0
        file.seek(start)
        data = file.read()
    whole = data.rfind(b"\n") + 1
    return data[:whole].split(b"\n"), start + whole
