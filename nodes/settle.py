"""Ends a run of the curator: the datasets are brought up to what is curated now, and the run is written down."""

from __future__ import annotations

from metahuman.state.curating import Curation, CurationState, CurationUpdate
from metahuman.state.curation_events import curation_done
from metahuman.state.services import Services


async def settle(state: CurationState, *, services: Services, curation: Curation) -> CurationUpdate:
    """Return how many pairs there are; a run that found nothing to do is not written down."""
    pairs, fates = await curation.settle(), state.get("fates", {})
    if fates:
        counts = {key: state.get(key, {}) for key in ("fates", "refusals", "replaced")}
        await services.audit.arecord(curation_done({**counts, "pairs": pairs}))
    return {"pairs": pairs}
