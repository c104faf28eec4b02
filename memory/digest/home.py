"""The digest over the memories and the persona cache of one home."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from metahuman.memory.digest.applying import ACTOR, applied, cited
from metahuman.memory.digest.finding import found_by_rules
from metahuman.memory.digest.period import gone, noted_since
from metahuman.memory.digest.weighing import Weighing
from metahuman.memory.keeper import MemoryKeeper
from metahuman.memory.persona.cache import AuditedPersonaCache
from metahuman.state.digesting import Changes, Claim, Item, Noted, Refused
from metahuman.state.moments import iso
from metahuman.state.persona_cache import PersonaCache, changed_names
from metahuman.state.services import Clock


class HomeDigestion:
    """A home's memories, looked back on, and its persona cache: a `Digestion`.

    Args:
        keeper: The memories.
        cache: The persona cache.
        clock: Gives what is found its time.
    """

    def __init__(self, keeper: MemoryKeeper, cache: AuditedPersonaCache, clock: Clock) -> None:
        self._keeper, self._cache, self._clock = keeper, cache, clock

    async def look_back(self, since: datetime) -> list[Noted]:
        """Return the memories from a moment on, oldest first; no inner dialogues, dreams, reflections, no noise."""
        return await asyncio.to_thread(noted_since, self._keeper, since)

    async def find(self, noted: Sequence[Noted]) -> list[Item]:
        """Return what rules find in them; no model is asked."""
        return await asyncio.to_thread(found_by_rules, noted)

    async def weigh(
        self, noted: Sequence[Noted], items: Sequence[Item], claims: Sequence[Claim]
    ) -> tuple[list[Item], list[Refused]]:
        """Return what holds of what rules found and a model claims, counted in the text, and what does not."""
        if not claims:
            return list(items), []
        return await asyncio.to_thread(lambda: Weighing(noted, items).weigh(claims))

    async def keep(self, noted: Sequence[Noted], items: Sequence[Item], *, dry_run: bool) -> Changes:
        """Put it into the persona cache, each memory counting once; with `dry_run`, only say what would change.

        Raises:
            SettingError: If the cache's file holds no JSON object; it is left as it is.
            StoreError: If it cannot be read or written.
        """
        return await asyncio.to_thread(self._keep, noted, items, dry_run)

    def _keep(self, noted: Sequence[Noted], items: Sequence[Item], dry_run: bool) -> Changes:
        at, now = {one["id"]: one["at"] for one in noted}, iso(self._clock.now())
        before = self._cache.load_persona_cache()
        forgotten = gone(self._keeper, cited(before))

        def change(cache: PersonaCache) -> PersonaCache:
            return applied(cache, items, at, forgotten, now)

        changed = changed_names(before, change(before))
        if not dry_run:
            self._cache.change(change, ACTOR)
        return Changes(changed=changed, forgotten=forgotten)
