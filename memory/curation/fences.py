"""Fenced blocks of Markdown."""

from __future__ import annotations

import re
from typing import NamedTuple

_FENCE = re.compile(
    r"(?:^[ \t>]{0,12}|(?<=[:>\]]) ?)(`{3,12}|~{3,12})[ \t]*(?:<[^<>\n]{1,40}>(?=\s*$|<)|([^\n`]{0,80})$)", re.MULTILINE
)
_WORDS = frozenset({"", "text", "txt", "markdown", "md", "plaintext", "quote", "email", "poem", "letter"})


class Fence(NamedTuple):
    """A fenced block.

    Args:
        start: Where its first fence begins.
        end: Where its last fence ends.
        inside: Where what it holds begins.
        inside_end: Where that ends.
        of_words: Whether its language is none that machines write.
    """

    start: int
    end: int
    inside: int
    inside_end: int
    of_words: bool


def fences_in(text: str) -> list[Fence]:
    """Return the fenced blocks of a text, in order; one that is never closed is none."""
    found, opened = list[Fence](), None
    for fence in _FENCE.finditer(text):
        sign, info = fence[1], (fence[2] or "").strip()
        if opened is None:
            opened = fence
        elif sign.startswith(opened[1]) and not info:
            words = (opened[2] or "").split()
            of_words = (words[0].lower() if words else "") in _WORDS
            found.append(
                Fence(opened.start(), fence.end(), min(opened.end() + 1, fence.start()), fence.start(), of_words)
            )
            opened = None
    return found
