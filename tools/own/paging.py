"""Lists that are told in pages: as many lines as asked for, and as fit."""

from __future__ import annotations

from collections.abc import Sequence

#: Characters that are kept for what is said about the page itself.
_ABOUT = 80


def page(lines: Sequence[str], start: int, limit: int, characters: int, *, what: str) -> str:
    """Return the lines of a page, and under it how to read on if there is more.

    Args:
        lines: All lines; each may have line breaks of its own.
        start: How many are passed over.
        limit: How many are told at most.
        characters: How long the page may be; a line that is longer than that alone is cut.
        what: What the lines are, such as "tasks".
    """
    if not lines[start:]:
        return f"[no {what} from {start} on; there are {len(lines)}]"
    shown, room = list[str](), characters - _ABOUT
    for line in lines[start : start + limit]:
        if len(line) > room:
            break
        shown.append(line)
        room -= len(line) + 1
    shown = shown or [cut(lines[start], characters - _ABOUT)]
    end = start + len(shown)
    if end < len(lines):
        shown.append(f"[{what} {start + 1} to {end} of {len(lines)}; start={end} reads on]")
    return "\n".join(shown)


def cut(text: str, characters: int, remedy: str = "") -> str:
    """Return a text, or its beginning with a note of how long it is, and what can be done about it."""
    if len(text) <= characters:
        return text
    room = max(characters - _ABOUT, 0)
    return f"{text[:room]}\n[cut after {room} of {len(text)} characters{remedy and '; '}{remedy}]"
