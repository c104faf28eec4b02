"""Memories that are apart from each other: what shows in one conversation, or on one day, is no habit."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from metahuman.state.digesting import Noted

#: A habit shows in so many memories, on so many days, in so many conversations.
FEWEST, DAYS, THREADS = 3, 2, 2
#: A turn of phrase stands in so many different messages.
TEXTS = 2


def apart(noted: Sequence[Noted], places: Collection[int]) -> bool:
    """Tell whether memories are enough, and far enough apart, for a habit.

    Args:
        noted: The memories.
        places: Those that are meant.
    """
    days = {noted[place]["at"][:10] for place in places}
    threads = {noted[place]["thread"] or noted[place]["id"] for place in places}
    return len(places) >= FEWEST and len(days) >= DAYS and len(threads) >= THREADS


def varied(noted: Sequence[Noted], places: Collection[int]) -> bool:
    """Tell whether memories differ in what they say: the same message sent again is no way of speaking."""
    return len({noted[place]["said"].casefold().strip() for place in places}) >= TEXTS
