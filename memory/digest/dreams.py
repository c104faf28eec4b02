"""Dreams and reflections of a home: what comes to mind, and what is kept of it as memories of their own kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from random import Random
from typing import Any

from metahuman.memory.curation.cleaning import cleaned
from metahuman.memory.digest.wandering import wander
from metahuman.memory.index import Where
from metahuman.memory.keeper import MemoryKeeper
from metahuman.state.curation_events import dreamt
from metahuman.state.dreaming import Inner, Linked
from metahuman.state.memories import INNER, Memory, memory_id
from metahuman.state.moments import iso
from metahuman.state.services import Audit, Clock

#: How a dream's links name what it was made of.
RELATION = "madeFrom"
#: Dreams and reflections that are looked through when memories go.
MOST = 100_000


class HomeDreaming:
    """A home's memories, and its dreams among them: a `Dreaming`.

    Args:
        keeper: The memories.
        audit: Where each dream is written down.
        clock: Gives it its time.
    """

    def __init__(self, keeper: MemoryKeeper, audit: Audit, clock: Clock) -> None:
        self._keeper, self._audit, self._clock = keeper, audit, clock

    async def wander(self) -> list[Linked]:
        """Return a chain of memories, the first a recent one; [] where there are too few."""
        now = self._clock.now()
        # Which thought comes next is chance; the moment decides it, so that a run can be told again.
        random = Random(iso(now))  # noqa: S311 - nothing is kept secret by it
        return await asyncio.to_thread(wander, self._keeper, now, random)

    async def keep(self, kind: Inner, text: str, chain: Sequence[Linked], model: str) -> str:
        """Save a dream or a reflection as a memory with links to its sources, never trained on; return its id.

        Secrets and personal data that came into it are taken out.

        Raises:
            StoreError: If it cannot be written.
        """
        memory = memory_of(kind, cleaned(text).text, chain, iso(self._clock.now()), model)
        await asyncio.to_thread(self._keeper.save, memory)
        sources = [one["id"] for one in chain]
        await self._audit.arecord(dreamt(kind, memory["id"], sources, model))
        return str(memory["id"])


def made_of(keeper: MemoryKeeper, ids: Collection[str]) -> list[Memory]:
    """Return the dreams and reflections that were made of nothing but some memories: they are to go with them.

    Args:
        keeper: The memories.
        ids: Those that are to go.
    """
    found = keeper.index.latest(Where(types=INNER, current=False), MOST)
    inner = keeper.shown([one.document for one in found])
    return [one for one in inner if one.id not in ids and one.links and all(_leads(link, ids) for link in one.links)]


def _leads(link: Any, ids: Collection[str]) -> bool:
    """Tell whether a link leads to one of some memories: an id, or an object of which any value is one."""
    values = link.values() if isinstance(link, dict) else [link]
    return any(isinstance(value, str) and value in ids for value in values)


def memory_of(kind: Inner, text: str, chain: Sequence[Linked], now: str, model: str) -> dict[str, Any]:
    """Return a dream or a reflection as the memory that it becomes.

    Args:
        kind: Which of the two.
        text: Its words.
        chain: The memories it was made from.
        now: When.
        model: Whose words they are.
    """
    return {
        "id": memory_id(now, f"{kind} {' '.join(one['id'] for one in chain)}"),
        "timestamp": now,
        "type": kind,
        "content": text,
        "tags": [kind],
        "entities": [],
        "links": [{"id": one["id"], "relation": RELATION} for one in chain],
        "metadata": {
            "processed": True,
            "curated": False,
            "trainingConsent": False,
            "model": model,
            "speaker": "dreamer" if kind == "dream" else "twin",
        },
    }
