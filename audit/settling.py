"""Finds the end of the audit's chain again: after a writer that died, at a new day, and where the head is lost."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from metahuman.audit.chain import LATER, hash_of, is_event, seal_of
from metahuman.audit.days import REMEDY, backward, days_of
from metahuman.audit.head import Head
from metahuman.state.files import store_errors

#: Lines that are looked at from a file's end. What dead writers left there is fewer.
LOOKED_AT = 100


class Settled(NamedTuple):
    """Where the chain ends in the file of a day.

    Args:
        head: The head, moved on to the event that a killed writer had written.
        torn: The hash of unfinished lines that follow; empty for none.
        open: Whether the last line has no end.
    """

    head: Head
    torn: str
    open: bool


def settled(head: Head, descriptor: int) -> Settled:
    """Read what stands after the head, in the file of its day.

    Args:
        head: The head.
        descriptor: The file of its day, open for reading.

    Raises:
        OSError: If it cannot be read.
    """
    size = os.fstat(descriptor).st_size
    unfinished = list[bytes]()
    for line in os.pread(descriptor, max(0, size - head.size), head.size).split(b"\n"):
        seal = seal_of(line)
        if seal and seal.sound and seal.follows(head.link):
            head, unfinished = head.with_link(seal.link, size), []
        elif line and not is_event(line):
            unfinished.append(line)
    is_open = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    return Settled(head, hash_of(unfinished) if unfinished else "", is_open)


def turned(head: Head, folder: Path, day: str) -> Head:
    """Return the head, moved on to another day's file, which need not exist.

    After a power cut the head may be older than that file: what is chained there is not chained again.

    Raises:
        StoreError: If a day's file cannot be read.
    """
    before, after = (folder / f"{name}.ndjson" for name in (head.day, day))
    if before.exists():
        with store_errors(before, REMEDY), before.open("rb", buffering=0) as file:
            head = settled(head, file.fileno()).head
    line, size = _last(after, is_event) if after.exists() else (b"", 0)
    seal = seal_of(line)
    link = max(head.link, seal.link) if seal and seal.sound else head.link
    return Head(*link, day, size)


def recovered(folder: Path) -> Head:
    """Return the head as the lines of the log tell it.

    Raises:
        StoreError: If a day's file cannot be read.
    """
    days = days_of(folder)
    with store_errors(folder, REMEDY):
        head = Head(hash=LATER) if any(path.stat().st_size for path in days) else Head()
    for path in days:
        line, size = _last(path, _is_sealed)
        seal = seal_of(line)
        if seal and seal.seq > head.seq:
            head = Head(seal.seq, seal.hash, path.stem, size)
    return head


def _is_sealed(line: bytes) -> bool:
    seal = seal_of(line)
    return bool(seal and seal.sound)


def _last(path: Path, wanted: Callable[[bytes], bool]) -> tuple[bytes, int]:
    """Return the last whole line of a file that is wanted, and where it ends with its line break, in bytes."""
    with store_errors(path, REMEDY):
        end = path.stat().st_size
    lines = itertools.islice(backward(path, end), LOOKED_AT)
    end -= len(next(lines, b""))  # what comes after the last line break
    for line in lines:
        if wanted(line):
            return line, end
        end -= len(line) + 1
    return b"", 0
