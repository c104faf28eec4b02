"""What the persona's files say in words: their values are whatever an owner, or another program, put there."""

from __future__ import annotations

import re

#: The keys by which an object in a list is named, the first of them that it has.
NAMES = ("value", "goal", "theme", "name")
_PLACEHOLDER = re.compile(r"\[[^\[\]]*\]")


def is_placeholder(value: object) -> bool:
    """Tell whether a text still waits for the owner's, such as "[Your Full Name]"."""
    return isinstance(value, str) and bool(_PLACEHOLDER.fullmatch(value.strip()))


def word(value: object) -> str:
    """Return a text of the owner's on one line, or "" for a placeholder and for what is no text."""
    return " ".join(value.split()) if isinstance(value, str) and not is_placeholder(value) else ""


def name_of(item: object) -> str:
    """Return what an item of a list says: a text itself, an object by what names it; "" where nothing does."""
    if isinstance(item, dict):
        return next((text for key in NAMES if (text := word(item.get(key)))), "")
    return word(item)


def words(value: object) -> list[str]:
    """Return what a list says, item by item; a text alone is a list of one."""
    return [text for item in (value if isinstance(value, list) else [value]) if (text := name_of(item))]
