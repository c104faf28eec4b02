"""Which pairs become a dataset: those of lately rather than those of long ago, none of them twice."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from metahuman.memory.curation.likeness import ALIKE, Sketch, alike, bands, sketch
from metahuman.state.curating import Pair

#: Seconds of a day.
DAY = 86_400.0


class Weighed(NamedTuple):
    """A pair with its age.

    Args:
        row: The pair.
        age: Days between it and the newest pair.
        weight: How much it counts: 1 for the newest, half of that a half-life before.
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


def weighed(rows: Sequence[Pair], half_life: float) -> list[Weighed]:
    """Return pairs with their ages and weights, 2^(-age / half-life).

    Ages are counted from the newest pair, not from today: what is asked for tomorrow is the same. Which pairs are
    chosen is the same too, for a moment from which all ages are counted stretches all weights by one factor.

    Args:
        rows: The pairs.
        half_life: Days after which one counts half.
    """
    moments = [_seconds(row) for row in rows]
    newest = max(moments, default=0.0)
    ages = [(newest - moment) / DAY for moment in moments]
    return [Weighed(row, age, 2.0 ** (-age / half_life)) for row, age in zip(rows, ages, strict=True)]


def chosen(rows: Sequence[Pair], *, half_life: float, limit: int) -> Chosen:
    """Return at most `limit` of the pairs, drawn by their weights; the same pairs give the same ones.

    Of pairs that say nearly the same, one that is held out stays, else the newest: what is tested with must not have
    been trained on.

    Args:
        rows: The pairs.
        half_life: Days after which one counts half.
        limit: The most.
    """
    ordered = sorted(rows, key=_first_of_doubles)
    left_out = doubles(ordered)
    single = weighed([row for place, row in enumerate(ordered) if place not in left_out], half_life)
    drawn = sorted(single, key=lambda one: _draw(one, half_life))[:limit]
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


def _draw(one: Weighed, half_life: float) -> tuple[float, str]:
    """Return the key by which the smallest are drawn: a draw without replacement, by weight.

    This is Efraimidis and Spirakis' u^(1/weight) (2006) as -log(-log(u^(1/weight))), so that no weight is too small to
    count; u is drawn by the memory's id, not by chance.
    """
    name = one.row["metadata"]["sourceId"]
    number = int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:6])
    u = (number + 0.5) / 2**48
    return math.log(-math.log(u)) + one.age / half_life * math.log(2), name


def _first_of_doubles(row: Pair) -> tuple[bool, float, str]:
    return row["metadata"]["split"] != "held-out", -_seconds(row), row["metadata"]["sourceId"]


def _in_time(one: Weighed) -> tuple[str, str]:
    return one.row["metadata"]["timestamp"], one.row["metadata"]["sourceId"]


def _seconds(row: Pair) -> float:
    return datetime.fromisoformat(row["metadata"]["timestamp"]).timestamp()
