"""Which rows are learned together, and in which order: drawn by the seed, so that it can be done again."""

from __future__ import annotations

import random
from collections.abc import Sequence

from metahuman.training.learning.rows import Row

Batch = list[Row]
#: Rows that differ by fewer tokens count as of one length: so they have other neighbours in each epoch.
ALIKE = 8


def batches(rows: Sequence[Row], most: int) -> list[Batch]:
    """Return rows of like length side by side, at most so many tokens together, padding counted.

    Args:
        rows: The rows.
        most: Tokens of a batch; a row that is longer is one by itself.
    """
    found, longest = list[Batch](), 0
    for row in sorted(rows, key=lambda one: one.length // ALIKE):
        longest = max(longest, row.length)
        if found and longest * (len(found[-1]) + 1) <= most:
            found[-1].append(row)
        else:
            found.append([row])
            longest = row.length
    return found


def epochs(rows: Sequence[Row], most: int, count: int, seed: int) -> list[list[Batch]]:
    """Return the batches of each epoch: other neighbours of like length each time, in another order.

    Args:
        rows: The rows.
        most: Tokens of a batch.
        count: How many epochs.
        seed: What the order hangs on.
    """
    return [_epoch(rows, most, random.Random(f"{seed} {number}")) for number in range(count)]  # noqa: S311


def _epoch(rows: Sequence[Row], most: int, chance: random.Random) -> list[Batch]:
    mixed = list(rows)
    chance.shuffle(mixed)
    found = batches(mixed, most)
    chance.shuffle(found)
    return found
