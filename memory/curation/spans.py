"""Stretches of a text that a person did not write, and the text that remains without them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

Kind = Literal[
    "role", "system prompt", "reasoning", "tool call", "tool result", "data", "code", "shell", "stack trace", "log",
    "output", "diff", "headers", "progress", "encoded", "identifier", "address",
]  # fmt: skip


class Cut(NamedTuple):
    """A stretch that goes.

    Args:
        kind: What it is.
        start: Where it begins, in characters of the text.
        end: Where it ends; the character there stays.
        kept: What people said inside of it, which stays in its place.
    """

    kind: Kind
    start: int
    end: int
    kept: str = ""


class Line(NamedTuple):
    """A line of what remains.

    Args:
        start: Where it begins in the whole text.
        end: Where it ends, before the line break.
        seen: What of it is not cut yet.
        touched: Whether something of it is that is more than a speaker's name.
    """

    start: int
    end: int
    seen: str
    touched: bool


_SPACE_BEFORE_BREAK = re.compile(r"(?<![ \t])[ \t]+(?=\n)")
_MANY_BREAKS = re.compile(r"\n{3,}")


def merged(cuts: Iterable[Cut]) -> list[Cut]:
    """Return the cuts in order, none overlapping: of two that do, the one that begins first, and is longer, stands.

    What was said inside of one that another swallows is not lost.
    """
    found: list[Cut] = []
    for cut in sorted(cuts, key=lambda one: (one.start, -one.end)):
        if not found or cut.start >= found[-1].end:
            found.append(cut)
        elif cut.end > found[-1].end:
            found.append(cut._replace(start=found[-1].end))
        elif cut.kept:
            found[-1] = found[-1]._replace(kept=f"{found[-1].kept}\n\n{cut.kept}".strip())
    return found


def without(text: str, cuts: list[Cut]) -> str:
    """Return a text without its cuts, and without the empty lines that they leave."""
    if not cuts:
        return text
    parts, at = list[str](), 0
    for cut in cuts:
        parts += [text[at : cut.start], f"\n\n{cut.kept}\n\n" if cut.kept else _gap(text, cut)]
        at = cut.end
    left = _SPACE_BEFORE_BREAK.sub("", "".join([*parts, text[at:]]))
    return _MANY_BREAKS.sub("\n\n", left).strip()


def _gap(text: str, cut: Cut) -> str:
    """Return what stands in place of a cut: a break where words of two speakers would touch."""
    turn = cut.kind not in ("identifier", "encoded", "address", "progress")
    inside = cut.start > 0 and cut.end < len(text)
    return "\n" if turn and inside and not text[cut.start - 1].isspace() and not text[cut.end].isspace() else ""


def lines_of(text: str, cuts: list[Cut]) -> Iterator[Line]:
    """Yield the lines of which something remains."""
    at, place = 0, 0
    for raw in text.split("\n"):
        start, end = at, at + len(raw)
        at = end + 1
        while place < len(cuts) and cuts[place].end <= start:
            place += 1
        seen, touched = _seen(text, start, end, cuts, place)
        if seen.strip() or not (touched or (place < len(cuts) and cuts[place].start < end)):
            yield Line(start, end, seen, touched)


def _seen(text: str, start: int, end: int, cuts: list[Cut], place: int) -> tuple[str, bool]:
    parts, at, touched = list[str](), start, False
    while place < len(cuts) and cuts[place].start < end:
        parts.append(text[at : max(cuts[place].start, at)])
        at = min(max(cuts[place].end, at), end)
        touched = touched or cuts[place].kind != "role"
        place += 1
    return "".join([*parts, text[at:end]]), touched
