"""Foreign text on its way to a terminal, and from standard input."""

from __future__ import annotations

import sys
import unicodedata


def plain(text: str) -> str:
    """Return `text` without what would move the cursor, ring or recolour: line breaks, tabs and blanks are kept."""
    return "".join(one for one in text if one.isprintable() or one in "\n\t" or unicodedata.category(one) == "Zs")


def standard_input() -> str:
    """Return what stands on standard input; what is no UTF-8 in it is replaced."""
    return sys.stdin.buffer.read().decode("utf-8", "replace").strip()
