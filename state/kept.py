"""What became of a memory that was to be saved."""

from __future__ import annotations

from typing import NamedTuple


class Kept(NamedTuple):
    """What became of a memory that was to be saved.

    Args:
        id: The memory that now holds it: its own, or the one it was counted in; None where nothing is kept.
        place: The file that was written, inside the home; None for none.
        why: Why it was not simply saved, in plain words.
        changed: Ids of older memories that changed with it.
    """

    id: str | None
    place: str | None
    why: str | None
    changed: list[str]
