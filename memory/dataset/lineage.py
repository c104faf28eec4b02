"""What a row was made from: whether that memory is still there, as it was, and may be trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from metahuman.state.curating import Pair
from metahuman.state.memories import INNER


class Source(NamedTuple):
    """A memory, as far as a row hangs on it.

    Args:
        hash: The digest of what it says now.
        consent: Whether it may be trained on.
        type: Its type.
    """

    hash: str
    consent: bool
    type: str


#: Returns what a row's memory is now; None where there is none of that id.
Look = Callable[[str], Source | None]


def broken_off(row: Pair, look: Look) -> str:
    """Return why a row may no longer be trained on, as its memory is now; "" where it may.

    A row of an older system, which says nothing of what it was made from, is taken for what its memory says.
    """
    about = row["metadata"]
    source = look(about["sourceId"])
    if source is None:
        return "its memory is gone"
    if not source.consent:
        return "its memory may not be trained on"
    if source.type in INNER:
        return "its memory is inner life"
    if about.get("sourceHash") and source.hash != about["sourceHash"]:
        return "its memory was edited since"
    return ""
