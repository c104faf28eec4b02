"""Foreign text on its way to a terminal."""

from __future__ import annotations


def plain(text: str) -> str:
    """Return `text` without what would move the cursor, ring or recolour: only line breaks and tabs are kept."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")
