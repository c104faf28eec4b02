"""Reads every line of the audit log and checks it by itself: the sealed ones become runs, the others are strays."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

from metahuman.audit.chain import Link, Seal, beginning, hash_after, hash_of, is_event, seal_of
from metahuman.audit.days import REMEDY
from metahuman.audit.settling import LOOKED_AT
from metahuman.state.files import store_errors

#: Told how many bytes have been read.
Progress = Callable[[int], None]
#: Lines between two words about the progress.
_STEP = 10_000
#: What no line has.
_NEVER = b"\n\n"


@dataclass
class Run:
    """Events of one file that follow one another, each sealed to the one before.

    Args:
        file: The file's name.
        line: Where the first one stands, from 1.
        first: Its number.
        prev: The hash it is sealed to.
        last: Where the chain is after the last one.
        last_line: Where that stands.
        in_day: Whether their times are of the file's day.
    """

    file: str
    line: int
    first: int
    prev: str
    last: Link
    last_line: int
    in_day: bool


class Stray(NamedTuple):
    """A line after the chain's begin that is no sound event of it.

    Args:
        file: The file's name.
        line: Where it stands, from 1.
        whole: Whether it is a JSON object all the same.
        after: The number of the sound event before it in the file; 0 for none.
        before: The number of the sound event after it; 0 for none.
    """

    file: str
    line: int
    whole: bool
    after: int
    before: int


@dataclass
class Scan:
    """What the lines of a log are.

    Args:
        wanted: The number of an event whose hash is asked for.
        noted: A hash that is looked for.

    Attributes:
        runs: The sound events, in the order of the files and lines.
        strays: What stands between them and ought not to.
        untorn: Where events tell of unfinished lines that are not there: file and line.
        events: How many events are sound.
        unfinished: How many lines broke off with the program that wrote them.
        unchained: How many lines stand before the chain begins.
        first_unchained: Where the first `LOOKED_AT` of them stand: file and line.
        last_unchained: The last of them.
        hash: That of the event `wanted`, if it is there.
        found: The number of the event with the hash `noted`, if it is there.
    """

    wanted: int = 0
    noted: str | None = None
    runs: list[Run] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    untorn: list[tuple[str, int]] = field(default_factory=list)
    events: int = 0
    unfinished: int = 0
    unchained: int = 0
    first_unchained: list[tuple[str, int]] = field(default_factory=list)
    last_unchained: bytes = b""
    hash: str | None = None
    found: int | None = None

    def add(self, path: Path, size: int, progress: Progress = lambda done: None) -> None:
        """Read a day's file.

        Args:
            path: The file.
            size: How much of it, in bytes.
            progress: Told how far it has come.

        Raises:
            StoreError: If it cannot be read.
        """
        day = _Day(self, path)
        for number, line in enumerate(_lines(path, size), 1):
            day.add(number, line)
            if number % _STEP == 0:
                progress(day.read)
        day.end()


class _Day:
    """One file on its way through."""

    def __init__(self, scan: Scan, path: Path) -> None:
        self.read = 0
        self._scan, self._file = scan, path.name
        self._start = b'{"timestamp":"%b' % path.stem.encode()
        self._run: Run | None = None
        self._loose: list[tuple[int, bytes]] = []
        self._unchained: deque[bytes] = deque(maxlen=LOOKED_AT)
        self._open, self._expected = False, _NEVER

    def add(self, number: int, line: bytes) -> None:
        """Take the next line, with its line break if it has one."""
        self.read += len(line)
        digest = None if self._loose or not line.startswith(self._start) else hash_after(line, self._expected)
        if digest:
            self._go_on(number, digest)
        else:
            self._add_other(number, line)

    def _go_on(self, number: int, digest: str) -> None:
        """Take the event that follows the one before it, as nearly all do."""
        run = cast(Run, self._run)
        run.last, run.last_line = Link(run.last.seq + 1, digest), number
        self._expected = beginning(run.last)
        self._open = False
        self._count(run.last)

    def _add_other(self, number: int, line: bytes) -> None:
        self._open = not line.endswith(b"\n")
        bare = line if self._open else line[:-1]
        seal = seal_of(bare)
        if seal and seal.sound:
            self._add_sealed(number, bare, seal)
        elif seal or self._scan.runs:
            # What is whole is known by that alone; of the rest the bytes are needed.
            self._loose.append((number, b"" if is_event(bare) else bare))
        else:
            self._add_unchained(number, bare)

    def _add_unchained(self, number: int, bare: bytes) -> None:
        scan = self._scan
        self._unchained.append(bare)
        scan.unchained += 1
        scan.last_unchained = bare or scan.last_unchained
        if scan.unchained <= LOOKED_AT:
            scan.first_unchained.append((self._file, number))

    def end(self) -> None:
        """Note what follows the last event."""
        if self._open and self._loose and self._loose[-1][1]:
            self._loose.pop()
            self._scan.unfinished += 1
        self._stray(0)

    def _add_sealed(self, number: int, bare: bytes, seal: Seal) -> None:
        scan, run, in_day = self._scan, self._run, bare.startswith(self._start)
        if seal.torn:
            self._excuse(number, seal.torn)
        if self._loose:
            self._stray(seal.seq)
        if run and seal.follows(run.last) and run.in_day == in_day:
            run.last, run.last_line = seal.link, number
        else:
            self._run = Run(self._file, number, seal.seq, seal.prev, seal.link, number, in_day)
            scan.runs.append(self._run)
        self._expected = beginning(seal.link) if in_day else _NEVER
        self._count(seal.link)

    def _count(self, link: Link) -> None:
        scan = self._scan
        scan.events += 1
        if link.seq == scan.wanted:
            scan.hash = link.hash
        if link.hash == scan.noted:
            scan.found = link.seq

    def _excuse(self, number: int, torn: str) -> None:
        """Take away the unfinished lines that an event tells of."""
        lines = [line for _, line in self._loose if line]
        if not self._scan.runs:
            broken = itertools.takewhile(lambda line: not is_event(line), reversed(self._unchained))
            lines = [*reversed(list(broken)), *lines]
        if hash_of(lines) == torn:
            self._loose = [one for one in self._loose if not one[1]]
            self._scan.unfinished += len(lines)
        else:
            self._scan.untorn.append((self._file, number))

    def _stray(self, before: int) -> None:
        after = self._run.last.seq if self._run else 0
        self._scan.strays += (Stray(self._file, number, not line, after, before) for number, line in self._loose)
        self._loose = []


def _lines(path: Path, size: int) -> Iterator[bytes]:
    """Yield the lines of a file's first `size` bytes, with their line breaks."""
    with store_errors(path, REMEDY), path.open("rb") as file:
        for line in file:
            if len(line) >= size:  # what has been written since is not looked at
                yield line[:size]
                return
            size -= len(line)
            yield line
