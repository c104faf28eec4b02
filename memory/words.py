"""Texts as the stems that memories are found by."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")  # noqa: RUF001


def stems(text: str) -> list[str]:
    """Return the stems of a text's words, in order."""
    return [word.casefold() for word in _WORD.findall(text)]
