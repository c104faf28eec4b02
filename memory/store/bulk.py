"""Many memories kept at once, as an import brings them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

from metahuman.memory.store.keeping import BATCH, TURN, Keeper, Progress
from metahuman.state.errors import StoreError
from metahuman.state.memories import Memory

#: How many files are written at once: disks sync several in the time of one.
AT_ONCE = 8


class Saved(NamedTuple):
    """What became of many memories.

    Args:
        new: How many were written.
        known: How many were there already, and were left as they are.
        refused: Why others could not be saved, a line each.
    """

    new: int
    known: int
    refused: list[str]


def save_all(keeper: Keeper, memories: Iterable[Memory], progress: Progress | None = None) -> Saved:
    """Keep many memories. Interrupted, it has kept some, each of them whole; doing it again keeps the others.

    Args:
        keeper: Where to.
        memories: As many as there are; they are taken a batch at a time.
        progress: Told after each batch how many there were; of how many is not known, and 0.

    Raises:
        StoreError: If the folder cannot be written.
    """
    new, known, refused, waiting = 0, 0, list[str](), iter(memories)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while batch := list(islice(waiting, BATCH)):
            places, why = _places(keeper, batch)
            with keeper.writing():
                written = _written(keeper, pool, batch, places)
            new, known, refused = new + written, known + len(batch) - len(why) - written, refused + why
            if progress:
                progress(new + known + len(refused), 0)
            time.sleep(TURN)
    return Saved(new, known, refused)


def _places(keeper: Keeper, memories: Sequence[Memory]) -> tuple[dict[str, str], list[str]]:
    """Return where these memories' files go, by id, and why some can have none."""
    places, why = dict[str, str](), list[str]()
    for memory in memories:
        try:
            places[memory.id] = keeper.files.place({"id": memory.id, "timestamp": memory.timestamp})
        except StoreError as error:
            why.append(str(error))
    return places, why


def _written(keeper: Keeper, pool: ThreadPoolExecutor, memories: Sequence[Memory], places: dict[str, str]) -> int:
    """Write those that are not there yet, the first of two of one id; return how many these were."""
    known = keeper.known(list(places))
    fresh = {
        name: place
        for name, place in places.items()
        if name not in known and not (keeper.files.folder / place).exists()
    }
    keeper.intend(fresh.items())
    values = {memory.id: memory for memory in reversed(memories)}
    list(pool.map(lambda name: keeper.files.write(fresh[name], values[name].as_json()), fresh))
    keeper.take(fresh.values())
    return len(fresh)
