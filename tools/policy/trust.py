"""Trust levels: what each lets happen by itself, given what a call may spoil."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from metahuman.state.acting import RISKS, Effect, Risk, Verdict
from metahuman.state.context import TRUSTS, Trust

#: The highest risk that a level lets happen without being asked; None where only looking is.
ALONE: Final[dict[Trust, Risk | None]] = {
    "observe": None,
    "suggest": None,
    "supervised_auto": "low",
    "bounded_auto": "medium",
}


def verdict_of(trust: Trust, risk: Risk, effect: Effect) -> Verdict:
    """Return what a trust level says to a call; looking is always allowed where it spoils and tells nothing."""
    if risk == "low" and effect == "read":
        return "allow"
    if trust == "observe":
        return "refuse"
    alone = ALONE[trust]
    return "allow" if alone is not None and RISKS.index(risk) <= RISKS.index(alone) else "ask"


def lowest(levels: Iterable[Trust]) -> Trust:
    """Return the level of several that allows the least."""
    return min(levels, key=TRUSTS.index)
