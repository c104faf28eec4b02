"""What sets two datasets apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.memory.dataset.choosing import key_of
from metahuman.memory.dataset.reading import rows_in
from metahuman.memory.dataset.tainting import CARD, FILES
from metahuman.state.curating import Pair
from metahuman.state.errors import BadChoice
from metahuman.state.files import read_json


class Compared(NamedTuple):
    """What sets a dataset apart from another, by the ids of memories, with the number of a passage where there is one.

    Args:
        added: Those of which only the second has a row.
        gone: Those of which only the first has.
        changed: Those whose row says something else.
        moved: Those that were trained on in one and are held out in the other.
        same: How many have the same row, but for its weight.
        settings: The settings that differ, each with both values.
    """

    added: list[str]
    gone: list[str]
    changed: list[str]
    moved: list[str]
    same: int
    settings: dict[str, tuple[Any, Any]]

    @property
    def alike(self) -> bool:
        """Whether nothing sets them apart."""
        return not (self.added or self.gone or self.changed or self.moved or self.settings)


def compared(first: Path, second: Path) -> Compared:
    """Compare two datasets.

    Args:
        first: The folder of one.
        second: That of the other.

    Raises:
        BadChoice: If one is not there.
        SettingError: If a card is broken.
        StoreError: If a file cannot be read.
    """
    before, after = _rows(first), _rows(second)
    both = sorted(before.keys() & after.keys())
    changed = [name for name in both if before[name][1]["messages"] != after[name][1]["messages"]]
    moved = [name for name in both if before[name][0] != after[name][0]]
    return Compared(
        added=sorted(after.keys() - before.keys()),
        gone=sorted(before.keys() - after.keys()),
        changed=changed,
        moved=moved,
        same=len(both) - len({*changed, *moved}),
        settings=_differing(card_in(first), card_in(second)),
    )


def card_in(folder: Path) -> dict[str, Any]:
    """Return a dataset's card.

    Raises:
        BadChoice: If there is no dataset there.
        SettingError: If it is broken.
    """
    if not (folder / CARD).is_file():
        raise BadChoice(f"there is no dataset {folder.name!r}; `metahuman dataset` lists them")
    return read_json(folder / CARD)


def _rows(folder: Path) -> dict[str, tuple[str, Pair]]:
    card_in(folder)
    return {key_of(row): (side, row) for side, row in sided_rows(folder)}


def sided_rows(folder: Path) -> list[tuple[str, Pair]]:
    """Return the rows of a dataset, each with its side.

    Raises:
        StoreError: If a file cannot be read.
    """
    return [(side, row) for side, file in FILES.items() for row in rows_in(folder / file)]


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    left, right = _chosen_by(one), _chosen_by(other)
    names = sorted({*left, *right})
    return {name: (left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)}


def _chosen_by(card: Mapping[str, Any]) -> dict[str, Any]:
    parts = (card.get("settings"), card.get("versions"))
    return {key: value for part in parts if isinstance(part, dict) for key, value in part.items()}
