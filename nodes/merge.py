"""Brings together what rules found and what a model claims: counts it, keeps what holds, and says what does not."""

from __future__ import annotations

from metahuman.state.curation_events import digest_done
from metahuman.state.digesting import Digestion, DigestState
from metahuman.state.services import Services


async def merge(state: DigestState, *, services: Services, digestion: Digestion) -> DigestState:
    """Return all that holds, what was not believed, and what that changes in the persona cache."""
    noted, dry_run = state["noted"], state.get("dryRun", False)
    items, refused = await digestion.weigh(noted, state["items"], state.get("claims", []))
    changes = await digestion.keep(noted, items, dry_run=dry_run)
    if not dry_run:
        all_refused = [*state.get("refused", []), *refused]
        await services.audit.arecord(digest_done(len(noted), items, all_refused, changes))
    return {"items": items, "refused": refused, "changed": changes["changed"], "forgotten": changes["forgotten"]}
