"""Foreign text on its way to a terminal, and from standard input."""

from __future__ import annotations

import sys


def plain(text: str) -> str:
    """Return `text` without what would move the cursor, ring or recolour: only line breaks and tabs are kept."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")


def standard_input() -> str:
    """Return what stands on standard input; what is no UTF-8 in it is replaced."""
    return sys.stdin.buffer.read().decode("utf-8", "replace").strip()
