"""The head of the audit's chain: a small file beside the log's folder that says where the chain ends.

Who writes an event locks it, so it is also what makes writers take turns. It shows when the end of the log was cut off.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from metahuman.audit.chain import GENESIS, Link
from metahuman.audit.days import REMEDY
from metahuman.state.files import make_folder, store_errors

#: The file is always this long, so that one write within one page replaces all of it.
LENGTH = 192
_HEAD = re.compile(
    rb'\{"seq":(\d{1,18}),"hash":"([0-9a-f]{64})","day":"(\d{4}-\d\d-\d\d|)","size":(\d{1,18})\}\s*', re.ASCII
)


class Head(NamedTuple):
    """Where the chain ends.

    What was written since stands in the file of `day`, after `size`: at most one event of a writer that was killed
    before it wrote the head, and lines that were not finished.

    Args:
        seq: The number of the last event; 0 for none.
        hash: Its hash.
        day: The day whose file is written (YYYY-MM-DD).
        size: Where the last event that is known ends in that file, in bytes.
    """

    seq: int = 0
    hash: str = GENESIS
    day: str = ""
    size: int = 0

    @property
    def link(self) -> Link:
        """The last event's place in the chain."""
        return Link(self.seq, self.hash)

    def with_link(self, link: Link, size: int) -> Head:
        """Return the head after an event of the same day's file, which ends at byte `size`."""
        return Head(*link, self.day, size)

    def as_bytes(self) -> bytes:
        """Return what stands in the file."""
        text = f'{{"seq":{self.seq},"hash":"{self.hash}","day":"{self.day}","size":{self.size}}}'
        return text.ljust(LENGTH - 1).encode() + b"\n"


def head_path(folder: Path) -> Path:
    """Return the head's file of a log: beside its folder, in which the owner may delete old days."""
    return folder.with_name(f"{folder.name}.head")


def read_head(data: bytes) -> Head | None:
    """Return what the head's file says; None if that is nothing, or not what was written."""
    found = _HEAD.fullmatch(data)
    if not found:
        return None
    seq, digest, day, size = found.groups()
    return Head(int(seq), digest.decode(), day.decode(), int(size))


@contextlib.contextmanager
def at_rest(path: Path) -> Iterator[bytes | None]:
    """Keep whoever writes a log waiting for as long as the block lasts; hand out what the head's file holds.

    Args:
        path: The head's file. Where there is none, nobody waits, and None is handed out.

    Raises:
        StoreError: If it cannot be read.
    """
    with store_errors(path, REMEDY):
        file = path.open("rb") if path.exists() else None
    if file is None:
        yield None
        return
    with file:
        with store_errors(path, REMEDY):
            fcntl.flock(file, fcntl.LOCK_SH)
            data = file.read()
        yield data


class HeadFile:
    """The head's file, for all who write a log: whoever is in its `with` block has it alone.

    It is opened when it is needed, and anew when it was replaced.

    Args:
        folder: The log's folder.
        recover: Returns what the head must be where the file does not say it.
    """

    def __init__(self, folder: Path, recover: Callable[[], Head]) -> None:
        self.path = head_path(folder)
        self._name = str(self.path)
        self._recover = recover
        self._descriptor, self._process = -1, 0
        self._data: bytes | None = None
        self._head = Head()

    def __enter__(self) -> Head:
        """Return the head, and keep every other writer waiting until the end of the block.

        Raises:
            StoreError: If the file cannot be read or written.
        """
        try:
            with store_errors(self.path):
                self._lock()
                return self._read()
        except BaseException:
            self._unlock()
            raise

    def __exit__(self, *_: object) -> None:
        """Let the next one in."""
        self._unlock()

    def write(self, head: Head) -> None:
        """Write the head. Only who holds it may.

        Raises:
            OSError: If it cannot be written.
        """
        data = head.as_bytes()
        os.pwrite(self._descriptor, data, 0)
        self._data, self._head = data, head

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _unlock(self) -> None:
        if self._descriptor >= 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _lock(self) -> None:
        while True:
            # A fork shares its parent's lock: it needs one of its own.
            if self._process != os.getpid():
                self.close()
            if self._descriptor < 0:
                self._open()
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._descriptor), os.stat(self._name)):  # noqa: PTH116 - twice as fast
                    return
            self.close()  # it was deleted or replaced, and whoever comes now locks another

    def _open(self) -> None:
        make_folder(self.path.parent)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        self._process = os.getpid()

    def _read(self) -> Head:
        data = os.pread(self._descriptor, LENGTH + 1, 0)
        if data != self._data:
            head = read_head(data)
            if head is None:
                return self._recover()
            self._data, self._head = data, head
        return self._head
