"""What rules find in memories, with the memories that each thing rests on: no model is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from metahuman.memory.curation.cleaning import found_in
from metahuman.memory.digest.catchphrases import catchphrases
from metahuman.memory.digest.facts import facts
from metahuman.memory.digest.quirks import quirks
from metahuman.memory.digest.themes import themes
from metahuman.state.digesting import Item, Kind, Noted


def found_by_rules(noted: Sequence[Noted]) -> list[Item]:
    """Return the themes, facts, catchphrases and quirks of some memories.

    Args:
        noted: The memories, oldest first.
    """
    themes_found = [(theme.name, theme.places) for theme in themes([one["said"] for one in noted])]
    found = [
        *_items("theme", themes_found, noted),
        *facts(noted),
        *_items("catchphrase", catchphrases(noted), noted),
        *_items("quirk", quirks(noted), noted),
    ]
    # What names or lets in somebody is told to no model on the strength of a count.
    return [item for item in found if not found_in(f"{item['text']}: {item['value']}")]


def _items(kind: Kind, found: Iterable[tuple[str, Sequence[int]]], noted: Sequence[Noted]) -> list[Item]:
    return [
        Item(kind=kind, text=text, value="", ended=False, memories=_ids(noted, places), by="rules")
        for text, places in found
    ]


def _ids(noted: Sequence[Noted], places: Sequence[int]) -> list[str]:
    return [noted[place]["id"] for place in places]
