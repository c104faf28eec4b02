"""Picks the memories that are curated next: so many at a time, until there are none left or enough were looked at."""

from __future__ import annotations

from metahuman.state.curating import Curation, CurationState, CurationUpdate

#: Memories of a run that does not say how many, of one step, and of one that waits for no model.
LIMIT, BATCH, BATCH_BY_RULES = 50, 50, 250


async def pick(state: CurationState, *, curation: Curation) -> CurationUpdate:
    """Return the next memories; none once a whole step came to nothing, because the model does not answer."""
    fates, batch = state.get("fates", {}), state.get("batch", [])
    put_off = fates.get("again", 0)
    if batch and put_off - state.get("putOff", 0) == len(batch):
        return {"batch": []}
    limit = state.get("limit", LIMIT)
    most = BATCH_BY_RULES if state.get("withoutModel") else BATCH
    room = min(most, limit - sum(fates.values())) if limit else most
    return {"batch": await curation.due(room) if room > 0 else [], "putOff": put_off}
