"""Joins the runs of a scanned log to one chain, and tells where that cannot be done."""

from __future__ import annotations

import bisect
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from metahuman.audit.chain import GENESIS, LATER, Link
from metahuman.audit.head import Head
from metahuman.audit.scanning import Run, Scan, Stray

#: `torn`: half of a line, by nobody's death.
What = Literal["edited", "missing", "moved", "added", "torn"]


class Place(NamedTuple):
    """Something that is not as it was written.

    Args:
        file: The file's name.
        line: Where it stands, from 1; 0 for the file as a whole.
        what: What happened there.
        told: More about it, in plain words.
    """

    file: str
    line: int
    what: What
    told: str


class _Gap(NamedTuple):
    """Events that are not where they ought to be: those after `after` and before `before`."""

    after: int
    before: int
    file: str
    line: int

    @property
    def size(self) -> int:
        return self.before - self.after - 1


def joined(scan: Scan, head: Head | None, head_name: str, since: str) -> Iterator[Place]:
    """Yield what is wrong with the chain.

    Args:
        scan: What the lines are.
        head: Where the chain ends, as the head's file says; None if it says nothing.
        head_name: The name of that file.
        since: The name of the first day's file that matters; empty for all. What stood before it may be gone.
    """
    kept, moved = _ordered(scan.runs)
    gaps = list[_Gap]()
    yield from _walked(kept, gaps)
    last = max((run.last.seq for run in kept), default=0)
    if since and gaps and gaps[0].after == 0:
        gaps.pop(0)
    if head and head.seq > last:
        gaps.append(_Gap(last, head.seq + 1, head_name, 0))
    yield from _Filling(gaps, moved, scan.strays).places()
    if any((run.first, run.prev) == (1, GENESIS) for run in kept):
        yield from (
            Place(*place, "added", "the chain says that it began an empty log") for place in scan.first_unchained
        )
    yield from (Place(file, line, "missing", "the unfinished line that it tells of") for file, line in scan.untorn)


def _ordered(runs: Iterable[Run]) -> tuple[list[Run], list[Run]]:
    """Return the runs that stand where they were written, by number, and those that do not."""
    kept, moved = list[Run](), list[Run]()
    for _, of_file in itertools.groupby(runs, lambda run: run.file):
        rising = list[Run]()
        for run in of_file:
            if not run.in_day:
                moved.append(run)
                continue
            # A file only grows, so its numbers do: of two runs in the wrong order, the shorter one was moved.
            while rising and rising[-1].first > run.first and _length(rising[-1]) < _length(run):
                moved.append(rising.pop())
            (moved if rising and rising[-1].first > run.first else rising).append(run)
        kept += rising
    return sorted(kept, key=lambda run: run.first), moved


def _length(run: Run) -> int:
    return run.last.seq - run.first


def _walked(kept: list[Run], gaps: list[_Gap]) -> Iterator[Place]:
    """Go from run to run; yield where one is not sealed to the one before, and note the gaps."""
    last, before = Link(0, GENESIS), None
    for run in kept:
        if run.first <= last.seq:
            yield Place(run.file, run.line, "added", f"there is another event {run.first}")
            if run.last.seq > last.seq:
                last, before = run.last, run
            continue
        if run.first > last.seq + 1:
            gaps.append(_Gap(last.seq, run.first, run.file, run.line))
        elif before and run.prev != last.hash:
            told = f"event {run.first} was written after another event {last.seq}"
            yield Place(before.file, before.last_line, "edited", told)
        elif not before and run.prev not in (GENESIS, LATER):
            yield Place(run.file, run.line, "edited", "the first event is sealed to another")
        last, before = run.last, run


class _Filling:
    """Tells which of the lines out of place stand for which of the missing events.

    Args:
        gaps: Where events are missing, in the order of their numbers.
        moved: Runs that do not stand where they were written.
        strays: Lines that are no sound events.
    """

    def __init__(self, gaps: list[_Gap], moved: list[Run], strays: list[Stray]) -> None:
        self._gaps, self._moved, self._strays = gaps, moved, strays
        self._elsewhere = Counter[_Gap]()
        self._lost = [self._fills(run) for run in moved]
        self._after, self._before = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
        for number, stray in enumerate(strays):
            self._after[stray.after].append(number)
            self._before[stray.before].append(number)

    def places(self) -> Iterator[Place]:
        """Yield what is wrong, in no order."""
        filled = set[int]()
        for gap in self._gaps:
            left = gap.size - self._elsewhere[gap]
            # Right after the one event, or right before the other: the same lines, but around midnight.
            near = dict.fromkeys([*self._after.get(gap.after, []), *self._before.get(gap.before, [])])
            stand_ins = [number for number in near if number not in filled][: max(0, left)]
            filled.update(stand_ins)
            if left > len(stand_ins):
                yield Place(gap.file, gap.line, "missing", _missing(gap, left - len(stand_ins)))
        yield from (_out_of_place(run, lost=lost) for run, lost in zip(self._moved, self._lost, strict=True))
        yield from (_stray(stray, filled=number in filled) for number, stray in enumerate(self._strays))

    def _fills(self, run: Run) -> bool:
        """Count the events of a run that are missing where they belong; tell whether there are any."""
        first = bisect.bisect_right(self._gaps, run.first, key=lambda gap: gap.before)
        following = (self._gaps[number] for number in range(first, len(self._gaps)))
        gaps = list(itertools.takewhile(lambda gap: gap.after < run.last.seq, following))
        for gap in gaps:
            self._elsewhere[gap] += min(gap.before - 1, run.last.seq) - max(gap.after + 1, run.first) + 1
        return bool(gaps)


def _out_of_place(run: Run, *, lost: bool) -> Place:
    named = f"event {run.first}" if run.first == run.last.seq else f"events {run.first} to {run.last.seq}"
    how: tuple[What, str] = ("moved", f"{named}: written elsewhere") if lost else ("added", f"{named}: a copy")
    return Place(run.file, run.line, *how)


def _missing(gap: _Gap, count: int) -> str:
    first, last = gap.after + 1, gap.before - 1
    if first == last:
        return f"event {first}"
    return f"events {first} to {last}" if count == gap.size else f"{count} of the events {first} to {last}"


def _stray(stray: Stray, *, filled: bool) -> Place:
    if not filled:
        return Place(stray.file, stray.line, "added", "no event of the chain")
    if stray.whole:
        return Place(stray.file, stray.line, "edited", "the event is not as it was written")
    return Place(stray.file, stray.line, "torn", "a part of the event is gone")
