"""Journals in Markdown: a file or a folder, an entry for each day, as Obsidian, Logseq and people keep them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import partial
from itertools import chain, islice
from typing import Any

import yaml

from metahuman.memory.importing.dates import Dated, dated, day_in_path, order
from metahuman.memory.importing.parts import HEAD, Part
from metahuman.memory.importing.taking import Taking
from metahuman.memory.importing.values import as_dict, as_text, moment, name_of
from metahuman.state.files import whole
from metahuman.state.memories import Memory

SUFFIXES = (".md", ".markdown")
#: Lines that a front matter may have.
FRONT_LINES = 200
#: Characters of the longest line, and of the longest entry, that are read.
LONGEST_LINE, LONGEST_ENTRY = 2**20, 2**22
#: Of a day without a clock, noon in UTC: the same day in nearly every time zone.
NOON = time(12, tzinfo=UTC)
_HEADING = re.compile(r"#{1,6}\s+|(?=[*_\[\s]*\w)")
_FENCE = re.compile(r"\s*(```|~~~)")
#: What Logseq notes about a block, which nobody wrote.
_PROPERTY = re.compile(r"\s*(?:- )?(?:id|collapsed|heading|logseq\.[\w.-]+|background-color):: ")


@dataclass
class _Entry:
    """What was written under one date."""

    at: datetime
    day: str
    lines: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, line: str) -> None:
        """Add a line, unless it only sets off the date above it, or there is no room."""
        self.size += len(line)
        if self.size <= LONGEST_ENTRY and (self.lines or line.strip("=- \n")):
            self.lines.append(line)

    def written(self) -> bool:
        """Tell whether there is more than headings."""
        return any(line.strip() and not line.startswith("#") for line in self.lines)

    def text(self) -> str:
        return str(whole("".join(self.lines))).strip()


class JournalReader:
    """Reads journals in Markdown."""

    def wants(self, name: str) -> bool:
        """Tell whether a file belongs to a journal, by its name: plain text does if it is named after a day."""
        small = name.casefold()
        backup = "/logseq/bak/" in f"/{small}" or "/logseq/.recycle/" in f"/{small}"
        return not backup and (small.endswith(SUFFIXES) or (small.endswith(".txt") and day_in_path(name) is not None))

    def aside(self, name: str) -> str:
        """Return why a file is left out: nobody expects pictures and the like to be read."""
        return ""

    def read(self, part: Part, taking: Taking) -> Iterator[Memory]:
        """Yield a memory for each entry."""
        taking.report.read += 1
        day_first = _order(part, taking)
        with part.text(taking.report) as text:
            front, lines = _front(iter(partial(text.readline, LONGEST_LINE), ""))
            numbers: Counter[str] = Counter()
            for entry in _entries(lines, _begun(front, part), day_first, part, taking):
                if entry.size > LONGEST_ENTRY:
                    taking.report.fault(f"an entry longer than {LONGEST_ENTRY:,} characters", part.name)
                elif entry.written():
                    numbers[entry.day] += 1
                    yield _memory(entry, _tags(front), numbers[entry.day], part, taking)


def _memory(entry: _Entry, tags: list[str], number: int, part: Part, taking: Taking) -> Memory:
    """Return an entry as a memory: a file may be moved, and written on, and it is still the same."""
    if not entry.day:
        taking.report.note("without a date: dated by when the file was last changed", part.name)
    name = part.name.rpartition("/")[2]
    memory_id = name_of("journal", entry.day.replace("-", ""), name, entry.day, str(number))
    told: dict[str, Any] = {} if entry.day else {"dated": "by the file's last change"}
    source = f"markdown: {part.name}"
    return taking.memory(memory_id, entry.at, entry.text(), source=source, type="journal", tags=tags, metadata=told)


def _entries(
    lines: Iterable[str], entry: _Entry, day_first: bool | None, part: Part, taking: Taking
) -> Iterator[_Entry]:
    """Yield what stands under each date of a file, and before the first of them."""
    fenced = False
    for line in lines:
        fenced ^= bool(_FENCE.match(line))
        found = None if fenced else _dated_line(line, day_first)
        if found:
            yield entry
            if not found.sure:
                taking.report.note("read as month/day/year, as no date of the file tells otherwise", part.name)
            entry = _Entry(_moment(found.day, found.clock), found.day.isoformat())
            entry.add(f"{found.rest}\n")
        elif not _PROPERTY.match(line):
            entry.add(line)
    yield entry


def _dated_line(line: str, day_first: bool | None) -> Dated | None:
    """Return the date over an entry: a heading that begins with one, or a line that holds nothing else."""
    heading = _HEADING.match(line)
    if not heading or len(line) > 200 or not any(sign.isdigit() for sign in line):
        return None
    found = dated(line[heading.end() :], day_first=day_first)
    return found if found and (line.startswith("#") or not found.rest) else None


def _begun(front: dict[str, Any], part: Part) -> _Entry:
    """Return the entry that a file begins with: of the day it says it is of, is named after, or was changed on."""
    told = (front.get("date"), front.get("day"), day_in_path(part.name), front.get("created"), front.get("created_at"))
    for value in told:
        at = _told(value)
        if at:
            return _Entry(at, at.date().isoformat())
    return _Entry(part.modified or datetime.now(UTC), "")


def _told(value: object) -> datetime | None:
    """Return the moment that a front matter tells."""
    if isinstance(value, datetime):
        return value.astimezone() if value.tzinfo is None else value
    if isinstance(value, date):
        return datetime.combine(value, NOON)
    found = dated(value, day_first=None) if isinstance(value, str) else None
    return _moment(found.day, found.clock) if found else moment(value)


def _moment(day: date, clock: time | None) -> datetime:
    """Return a moment; the clock is the one on the owner's wall."""
    return datetime.combine(day, clock).astimezone() if clock else datetime.combine(day, NOON)


def _front(lines: Iterator[str]) -> tuple[dict[str, Any], Iterator[str]]:
    """Return what stands between two lines of "---" at the top, and the lines after it.

    Where that is no object in YAML, somebody wrote it, and it stays among the lines.
    """
    held = list(islice(lines, 1))
    if not held or held[0].strip() != "---":
        return {}, chain(held, lines)
    for line in islice(lines, FRONT_LINES):
        held.append(line)
        if line.strip() in ("---", "..."):
            break
    front = _yaml("".join(held[1:-1])) if held[-1].strip() in ("---", "...") else {}
    return front, lines if front else chain(held, lines)


def _yaml(text: str) -> dict[str, Any]:
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):  # a date that there is none of is a ValueError
        return {}
    return {str(key).casefold(): value for key, value in as_dict(value).items()}


def _tags(front: dict[str, Any]) -> list[str]:
    tags = front.get("tags") or front.get("tag") or []
    words = tags if isinstance(tags, list) else as_text(tags).replace(",", " ").split()
    return [word for tag in words if (word := str(whole(str(tag))).lstrip("#"))]


def _order(part: Part, taking: Taking) -> bool | None:
    """Return whether a file puts the day before the month, as far as its beginning tells."""
    with part.text(taking.report) as text:
        return order(text.read(HEAD))


JOURNAL = JournalReader()
