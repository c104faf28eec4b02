"""Lines that fit into an output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: Characters of an output that are kept for what is said around the page.
AROUND = 300


class Page(NamedTuple):
    """Some lines of a text.

    Args:
        text: The lines.
        shown: How many, whole or cut.
        cut: Characters of the last line up to where it was cut; 0 if it is whole.
    """

    text: str
    shown: int
    cut: int


def page_of(lines: Sequence[str], skip: int, room: int) -> Page:
    """Return the lines that have room, at least a part of the first.

    Args:
        lines: The lines.
        skip: Characters of the first that are left out.
        room: Characters that there is room for.
    """
    taken, used, room = list[str](), 0, max(room, 1)
    for number, line in enumerate(lines):
        rest = line[skip:] if number == 0 else line
        if used + len(rest) > room:
            return Page(rest[:room], 1, skip + room) if number == 0 else Page("\n".join(taken), number, 0)
        taken.append(rest)
        used += len(rest) + 1
    return Page("\n".join(taken), len(taken), 0)
