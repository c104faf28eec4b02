"""Which pairs become a dataset: those of lately rather than those of long ago, none of them twice."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from metahuman.memory.curation.likeness import ALIKE, Sketch, alike, bands, sketch
from metahuman.state.curating import Pair

#: Returns what a pair is worth beside others of its age.
Worth = Callable[[Pair], float]
#: Seconds of a day.
DAY = 86_400.0


class Weighed(NamedTuple):
    """A pair with its age.

    Args:
        row: The pair.
        age: Days between it and the newest pair.
        weight: How much it counts: what it is worth for the newest, half of that a half-life before.
    """

    row: Pair
    age: float
    weight: float


class Chosen(NamedTuple):
    """The pairs of a dataset.

    Args:
        rows: In order of their memories' moments.
        doubles: How many were left out because another says nearly the same.
        over: How many were left out because there are more than asked for.
        newest: The newest pair's moment, which ages are counted from; "" where there is none.
    """

    rows: list[Weighed]
    doubles: int
    over: int
    newest: str


def even(_: Pair) -> float:
    """Return what each pair is worth where none is worth more than another."""
    return 1.0


def weighed(rows: Sequence[Pair], half_life: float, worth: Worth = even) -> list[Weighed]:
    """Return pairs with their ages and weights, worth times 2^(-age / half-life).

    Ages are counted from the newest pair, not from today: what is asked for tomorrow is the same. Which pairs are
    chosen is the same too, for a moment from which all ages are counted stretches all weights by one factor.

    Args:
        rows: The pairs.
        half_life: Days after which one counts half.
        worth: Returns what one is worth whatever its age.
    """
    moments = [_seconds(row) for row in rows]
    newest = max(moments, default=0.0)
    ages = [(newest - moment) / DAY for moment in moments]
    return [Weighed(row, age, worth(row) * 2.0 ** (-age / half_life)) for row, age in zip(rows, ages, strict=True)]


def chosen(rows: Sequence[Pair], *, half_life: float, limit: int, worth: Worth = even) -> Chosen:
    """Return at most `limit` of the pairs, drawn by their weights; the same pairs give the same ones.

    Of pairs that say nearly the same, one that is held out stays, else the newest: what is tested with must not have
    been trained on.

    Args:
        rows: The pairs.
        half_life: Days after which one counts half.
        limit: The most.
        worth: Returns what one is worth whatever its age; more than 0.
    """
    ordered = sorted(rows, key=_first_of_doubles)
    left_out = doubles(ordered)
    single = weighed([row for place, row in enumerate(ordered) if place not in left_out], half_life, worth)
    drawn = sorted(single, key=lambda one: _draw(one, half_life, worth(one.row)))[:limit]
    newest = max((one.row["metadata"]["timestamp"] for one in single), default="")
    return Chosen(sorted(drawn, key=_in_time), len(left_out), len(single) - len(drawn), newest)


def doubles(rows: Sequence[Pair]) -> dict[int, int]:
    """Return which rows say nearly the same as one before them, as places: each with the first that it is like.

    Args:
        rows: The rows, those to keep first.
    """
    marked: defaultdict[int, list[int]] = defaultdict(list)
    sketches, found = list[Sketch](), dict[int, int]()
    for place, row in enumerate(rows):
        sketches.append(mine := sketch(*(message["content"] for message in row["messages"])))
        near = sorted({other for mark in bands(mine) for other in marked[mark]})
        double = next((other for other in near if alike(mine, sketches[other]) >= ALIKE), None)
        if double is not None:
            found[place] = double
            continue
        for mark in bands(mine):
            marked[mark].append(place)
    return found


def _draw(one: Weighed, half_life: float, worth: float) -> tuple[float, str]:
    """Return the key by which the smallest are drawn: a draw without replacement, by weight.

    This is Efraimidis and Spirakis' u^(1/weight) (2006) as -log(-log(u^(1/weight))), so that no weight is too small to
    count; u is drawn by the memory's id, and which passage of it this is, not by chance.
    """
    name = key_of(one.row)
    number = int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:6])
    u = (number + 0.5) / 2**48
    return math.log(-math.log(u)) + one.age / half_life * math.log(2) - math.log(worth), name


def key_of(row: Pair) -> str:
    """Return what names a row among all others: its memory's id, and which passage of it."""
    about = row["metadata"]
    return f"{about['sourceId']} {about['passage']}" if "passage" in about else str(about["sourceId"])


def _first_of_doubles(row: Pair) -> tuple[bool, float, str, int]:
    return row["metadata"]["split"] != "held-out", -_seconds(row), *_in_memory(row)


def _in_time(one: Weighed) -> tuple[str, str, int]:
    return one.row["metadata"]["timestamp"], *_in_memory(one.row)


def _in_memory(row: Pair) -> tuple[str, int]:
    about = row["metadata"]
    return about["sourceId"], about.get("passage", -1)


def _seconds(row: Pair) -> float:
    return datetime.fromisoformat(row["metadata"]["timestamp"]).timestamp()
