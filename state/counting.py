"""How often something came up in memories, each counted once, and how its weight fades.

A record holds `lastSeen`, `memories` (the latest memories counted, by id, with their moments) and, once there were more
of them than are kept, `countedUntil`: memories up to that moment are counted already. A record of another program's,
which has none of these, counts as complete up to its `lastSeen`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from metahuman.state.ages import moment_of, seconds_between

#: Ids kept for each record; the digest reads two weeks again at each run, so it takes those of two weeks.
COUNTED = 60
#: Seconds in which a weight halves: the two weeks that the plan's digest looks back.
HALF_LIFE = 14 * 24 * 60 * 60


def counts(record: Mapping[str, Any], memory: str | None, at: str) -> bool:
    """Tell whether a memory of the moment `at` is new to a record; what names no memory always is."""
    if memory is None or not record:
        return True
    memories = record.get("memories")
    known = memories if isinstance(memories, dict) else None
    until = record.get("countedUntil") if known is not None else record.get("lastSeen")
    past = seconds_between(at, until)
    return memory not in (known or {}) and (past is None or past < 0)


def counted(record: Mapping[str, Any], memory: str | None, at: str) -> dict[str, Any]:
    """Return a record's `memories`, `lastSeen` and `countedUntil` after a memory more."""
    memories, until = record.get("memories"), record.get("countedUntil")
    if not isinstance(memories, dict):
        memories, until = {}, record.get("lastSeen")
    by_date = sorted({**memories, **({memory: at} if memory else {})}.items(), key=lambda item: _seconds(item[1]))
    dropped, kept = by_date[:-COUNTED], by_date[-COUNTED:]
    until = dropped[-1][1] if dropped else until
    last = max(str(record.get("lastSeen") or at), at, key=_seconds)
    return {"lastSeen": last, "memories": dict(kept)} | ({"countedUntil": until} if until else {})


def only(record: object, memory: str) -> bool:
    """Tell whether a record rests on that memory alone; a fact's record lists the ids without their moments."""
    memories = record.get("memories") if isinstance(record, dict) else None
    ids = list(memories) if isinstance(memories, dict | list) else []
    return isinstance(record, dict) and ids == [memory] and not record.get("countedUntil")


def without(record: Any, memory: str) -> Any:
    """Return a record that no longer names a memory; what it counted stays counted."""
    memories = record.get("memories") if isinstance(record, dict) else None
    if isinstance(memories, dict):
        return {**record, "memories": {key: at for key, at in memories.items() if key != memory}}
    return {**record, "memories": [key for key in memories if key != memory]} if isinstance(memories, list) else record


def weight_after(weight: float, last_seen: object, at: str) -> float:
    """Return the weight after one more mention, as of the later of both moments; their order does not matter.

    The weight is the sum over all mentions of 2 to the power of minus their ages in half-lives, and such a sum can be
    carried from one moment to another as a whole.
    """
    gap = seconds_between(last_seen, at) or 0.0
    return weight * faded(gap) + 1 if gap >= 0 else weight + faded(-gap)


def faded(seconds: float) -> float:
    """Return what share of a weight is left after so many seconds."""
    return float(0.5 ** (seconds / HALF_LIFE))


def rank(weight: float, last_seen: object) -> float:
    """Return a number that sorts weights of different moments as they would sort at any common moment.

    All weights fade at one rate, so their order does not depend on when one looks: log2(weight) + moment / half-life.
    """
    return math.log2(weight) + _seconds(last_seen) / HALF_LIFE


def _seconds(moment: object) -> float:
    found = moment_of(moment)
    return found.timestamp() if found else 0.0
