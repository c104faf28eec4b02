"""From marks to stretches: what lies between two of them is somebody's words or a machine's."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from metahuman.memory.curation.marks import Mark
from metahuman.memory.curation.prose import is_sentence
from metahuman.memory.curation.spans import Cut

#: Characters that may stand between a heading and the value that it announces.
BEFORE = 160
_SPACE = re.compile(r"\s*")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")


class Sections:
    """Turns marks into cuts.

    Args:
        text: The whole text.
        solid: Where values and fenced blocks stand, in order: what a heading announces ends with the last of them.
        both: Whether headings name both sides, so that only a heading ends what a machine says in words.
    """

    def __init__(self, text: str, solid: Sequence[tuple[int, int]], *, both: bool) -> None:
        self._text, self._solid, self._both = text, solid, both
        self._starts = [start for start, _ in solid]

    def cuts(self, marks: list[Mark]) -> Iterator[Cut]:
        """Yield what goes: each mark, and what is a machine's after it.

        Args:
            marks: In order, none overlapping another.
        """
        dropping: Mark | None = None
        outer: Mark | None = None
        begun = 0
        for place, mark in enumerate(marks):
            limit = marks[place + 1].start if place + 1 < len(marks) else len(self._text)
            yield Cut("role", mark.start, mark.end)
            if mark.act == "resume" and mark.guess and not dropping:
                yield Cut(mark.kind, begun, mark.start)  # a thought whose beginning the template had already written
            if mark.act in ("say", "end"):
                dropping = outer = None
            elif mark.act == "drop":
                dropping = mark
                outer = mark if not mark.guess and mark.kind == "system prompt" else outer
            elif mark.act == "resume":
                dropping = outer
            begun = mark.end if mark.act in ("say", "end", "drop") else begun
            if dropping:
                end = self._extent(mark.end, limit) if dropping.guess else limit
                yield Cut(dropping.kind, mark.end, end)

    def _extent(self, start: int, limit: int) -> int:
        """Return where what a heading announces ends."""
        after = self._values_end(start, limit)
        if after is None and self._both:
            return limit
        return self._prose(start if after is None else after, limit, paragraph=after is None)

    def _values_end(self, start: int, limit: int) -> int | None:
        """Return where the values end that stand right after a heading; None where none does."""
        at, end = start, None
        while (place := bisect_left(self._starts, at)) < len(self._solid):
            first, last = self._solid[place]
            between = self._text[at : min(first, at + BEFORE + 1)]
            if last > limit or len(between) > BEFORE or between.strip().count("\n") > 1 or is_sentence(between):
                break
            if end is not None and between.strip(" \t\r\n,;)]>") and "\n\n" in between:
                break
            at = end = last
        return end

    def _prose(self, start: int, limit: int, *, paragraph: bool) -> int:
        """Return where, after a line that is a machine's, a sentence begins a line.

        Args:
            start: Where to begin.
            limit: Where to end at the latest.
            paragraph: Whether an empty line must come before the sentence.
        """
        at = self._text.find("\n", start, limit)
        while 0 <= at < limit:
            space = _SPACE.match(self._text, at)
            begin = min(space.end() if space else at, limit)
            end = self._text.find("\n", begin, limit)
            line = self._text[begin : end if end >= 0 else limit]
            empty = self._text.count("\n", at, begin) > 1
            if (empty or not paragraph) and is_sentence(line) and not _FENCE.match(line):
                return begin
            at = end
        return limit
