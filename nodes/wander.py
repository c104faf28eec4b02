"""Lets memories come to mind, one after the other."""

from __future__ import annotations

from metahuman.state.dreaming import Dreaming, DreamState


async def wander(_state: DreamState, *, dreaming: Dreaming) -> DreamState:
    """Return the chain of memories; an empty one where there are too few to make anything of."""
    return {"chain": await dreaming.wander()}
