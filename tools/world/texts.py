"""How the words of others are shown: nothing that steers a terminal, a page at a time, saying where it was cut."""

from __future__ import annotations

import re
import unicodedata

#: Colours and movements of a terminal's cursor (ECMA-48), and titles that a program sets.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
#: Characters that show nothing but change what is seen: controls, halves of characters, hidden marks and directions.
_UNSEEN = {"Cc", "Cs", "Cf"}
#: Of these, what stands in ordinary texts: lines, tabs, and the joiners of scripts and emoji.
_KEPT = {"\n", "\t", "\u200c", "\u200d"}


def plain(text: str) -> str:
    """Return a text without escapes and characters that nobody sees; its lines end as on Unix."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if text.replace("\n", "").replace("\t", "").isprintable():  # nearly all texts, in a hundredth of the time
        return text
    return "".join(one for one in text if one in _KEPT or unicodedata.category(one) not in _UNSEEN)


def in_a_line(text: str, most: int = 200) -> str:
    """Return the beginning of a text in one line.

    Args:
        text: Any text.
        most: Characters.
    """
    line = " ".join(plain(text[: most * 4]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def page(head: str, text: str, start: int, room: int, *, more: str = "") -> str:
    """Return a part of a text under its head, and where it goes on.

    Args:
        head: What the text is; it stands above it.
        text: All there is of the text.
        start: The character to begin at.
        room: Characters of the whole, head included.
        more: What is to be said at the end of the text if it was cut before it got here.
    """
    shown = max(200, room - len(head) - len(more) - 120)
    part, end = text[start : start + shown], min(len(text), start + shown)
    if start and start >= len(text):
        return f"{head}\n\n(it has {len(text)} characters; nothing is at {start})"
    lines = [head, "", part or "(empty)"]
    if end < len(text):
        lines += ["", f"(characters {start} to {end} of {len(text)}; the next begin at start={end})"]
    elif more:
        lines += ["", f"({more})"]
    return "\n".join(lines)
