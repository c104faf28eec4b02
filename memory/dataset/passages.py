"""A text of the owner's taken apart into passages: each as it stands there, from a sentence's beginning to an end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from metahuman.memory.hygiene.wording import words

#: The share of the most words from which a passage is long enough to stand without the next sentence.
FILLED = 0.6
#: Words of a title.
LONGEST_TITLE = 12
_HEADING = re.compile(r"#{1,6}[ \t]+(?P<title>\S.*?)[ \t#]*")
#: Where a sentence ends, and what follows it; a full stop after a title or a single letter ends none.
_SENTENCE = re.compile(
    r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bProf)(?<!\b[A-Z])(?:[.!?\u2026]+[\"')\]\u201d\u2019]*)(?=\s|$)"
    r"|(?<=[!?\u2026])[\"')\]\u201d\u2019]*(?=\s|$)"
)
#: Where a sentence that is too long may be parted.
_CLAUSE = re.compile(r"[;:](?=\s)")


class Passage(NamedTuple):
    """A part of a text.

    Args:
        text: As it stands there.
        title: The heading that it stands under; "" for none.
        opens: Whether it is the first of its text.
    """

    text: str
    title: str
    opens: bool


class _Span(NamedTuple):
    start: int
    end: int
    size: int


def passages_in(text: str, least: int, most: int) -> Iterator[Passage]:
    """Yield the passages of a text, in order.

    They have so many words at least and at most, but where that cannot be: a short text, or what is left of one, is
    yielded as it is, and so is a sentence that is too long. Whoever asks looks at the size.

    Args:
        text: The text.
        least: The fewest words.
        most: The most words.
    """
    opens = True
    for title, block in _blocks(text):
        for one in _joined(list(_sentences(block, most)), least, most):
            yield Passage(block[one.start : one.end], title, opens)
            opens = False


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands between the headings of a text, each with the heading above it."""
    title, lines = "", list[str]()
    for line in [*text.splitlines(keepends=True), "# end"]:
        heading = _HEADING.fullmatch(line.strip())
        if not heading:
            lines.append(line)
            continue
        if "".join(lines).strip():
            yield title, "".join(lines)
        title, lines = (heading["title"] if len(heading["title"].split()) <= LONGEST_TITLE else ""), []


def _sentences(text: str, most: int) -> Iterator[_Span]:
    """Yield the sentences of a text; one with too many words in its clauses. A line that is empty ends one too."""
    for paragraph in re.finditer(r"\S(?:.|\n(?!\s*\n))*", text):
        for one in _parted(text, paragraph.start(), paragraph.end(), _SENTENCE):
            yield from [one] if one.size <= most else _parted(text, one.start, one.end, _CLAUSE)


def _parted(text: str, start: int, end: int, at: re.Pattern[str]) -> Iterator[_Span]:
    ends = [*(found.end() for found in at.finditer(text, start, end)), end]
    for stop in ends:
        part = text[start:stop]
        if part.strip():
            begun = start + len(part) - len(part.lstrip())
            yield _Span(begun, start + len(part.rstrip()), len(words(part)))
        start = stop


def _joined(parts: list[_Span], least: int, most: int) -> list[_Span]:
    """Return neighbours put together until there is no room; what is left over joins those before it if it can."""
    found = list[_Span]()
    for part in parts:
        if found and _fits(found[-1], part, least, most):
            found[-1] = _Span(found[-1].start, part.end, found[-1].size + part.size)
        else:
            found.append(part)
    return found


def _fits(before: _Span, part: _Span, least: int, most: int) -> bool:
    short = min(before.size, part.size) < least
    return before.size + part.size <= most and (short or before.size < most * FILLED)
