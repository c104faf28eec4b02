"""Routes for memories: found, read, changed, and forgotten with what was made from them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime, Field

from metahuman.holding import threads_with
from metahuman.memory.digest.dreams import made_of
from metahuman.memory.index import Where
from metahuman.memory.recall.recaller import Wanted
from metahuman.memory.store.documents import NOISE
from metahuman.memory.store.forgetting import traces
from metahuman.remembering import edit as edit_one
from metahuman.remembering import forget as forget_one
from metahuman.remembering import named, newest, recalled
from metahuman.server.errors import Refused
from metahuman.server.turns import ThreadName, Word
from metahuman.server.twin import JSON, Opened, Twin
from metahuman.state.errors import SettingError
from metahuman.state.memories import INNER, SPOKEN_OF, Memory

routes = APIRouter(prefix="/api/memories", tags=["memories"])
#: How many are listed, and found, unless more are asked for; and at most.
NEWEST, FOUND, MOST = 20, 8, 200

Type = Annotated[list[Word], Query(alias="type", max_length=20)]
MemoryId = Annotated[str, Field(min_length=1, max_length=300)]


@routes.get("")
def latest(
    twin: Twin,
    types: Type = [],  # noqa: B006 - FastAPI copies it
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    thread: ThreadName | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = NEWEST,
) -> JSON:
    """List memories, the newest first: also those that are never recalled, or no longer so."""
    keeper = twin.services.memory.keeper
    if not keeper.count():
        return {"memories": []}
    twin.services.memory.ready()
    where = Where(types=(*types, NOISE) if types else (), since=_seconds(since), until=_seconds(until), current=False)
    shown = newest(twin.services.memory, where, types, thread)
    return {"memories": [one.as_json() for one in islice(shown, limit)]}


@routes.get("/search")
def search(
    twin: Twin,
    text: Annotated[str, Query(min_length=1, max_length=4_000)],
    types: Type = [],  # noqa: B006 - FastAPI copies it
    inner: bool = False,
    limit: Annotated[int, Query(ge=1, le=MOST)] = FOUND,
) -> JSON:
    """Return what a message would bring to mind, the best first, and why; `inner`: also dreams and reflections."""
    memory, started = twin.services.memory, time.perf_counter()
    if not memory.keeper.count():
        return {"hits": [], "latencyMs": 0.0}
    memory.ready()
    chosen = tuple(types) or ((*SPOKEN_OF, *INNER) if inner else None)
    found = recalled(memory, Wanted(text, datetime.now(UTC).astimezone(), types=chosen, limit=limit))
    took = round((time.perf_counter() - started) * 1000, 2)
    told = [{"score": score, "why": why, "memory": one.as_json()} for one, score, why in found]
    return {"hits": told, "latencyMs": took}


@routes.get("/{memory_id}")
def one(memory_id: MemoryId, twin: Twin) -> JSON:
    """Return a memory with all that is known about it: what it replaced, what replaced it, and its file."""
    keeper = twin.services.memory.keeper
    found = _read(twin, memory_id)
    path, about = twin.home.root / "memory" / "episodic" / keeper.place(found.id), found.metadata
    by = [about.superseded_by] if about.superseded_by else []
    return {
        "file": str(path) if path.exists() else None,  # in a database, there is none
        "memory": found.as_json(),
        "supersedes": _shown(twin, about.supersedes),
        "supersededBy": _shown(twin, by),
    }


@routes.patch("/{memory_id}")
def edit(memory_id: MemoryId, change: Annotated[dict[str, Any], Body()], twin: Twin) -> JSON:
    """Change a memory: the body is merged into it (RFC 7396), null takes a key out. What others changed stays."""
    memory, before = twin.services.memory, _read(twin, memory_id)
    try:
        changed = edit_one(memory, before, change, twin.services.audit)
    except SettingError as error:
        raise Refused(400, "no_memory", f"{error.key}: {error.problem}; {error.remedy}", error.key or None) from None
    return {"changed": changed, "memory": memory.keeper.read(before.id).as_json()}


@routes.get("/{memory_id}/traces")
async def traced(memory_id: MemoryId, twin: Twin) -> JSON:
    """Return what would go if a memory were forgotten, and which threads would still hold its words."""
    doomed = await asyncio.to_thread(_doomed, twin, memory_id)
    made = {one.id: (await asyncio.to_thread(traces, twin.home.root, one.id))._asdict() for one in doomed}
    return {
        "memories": [one.as_json() for one in doomed],
        "traces": made,
        "threads": await threads_with(twin.turns, doomed),
    }


@routes.delete("/{memory_id}")
async def forget(memory_id: MemoryId, twin: Twin, threads: bool = False) -> JSON:
    """Forget a memory, with what was made from it; `threads`: also delete the threads that still hold its words."""
    doomed = await asyncio.to_thread(_doomed, twin, memory_id)
    deleted = [*await threads_with(twin.turns, doomed)] if threads else []
    for thread in deleted:
        await twin.turns.delete(thread)
    forgotten = [await asyncio.to_thread(_forget, twin, one, deleted) for one in doomed]
    return {"forgotten": forgotten, "threads": deleted}


def _read(twin: Opened, memory_id: str) -> Memory:
    """Return a memory by its id, or by how it alone begins.

    Raises:
        BadChoice: If there is none.
    """
    memory = twin.services.memory
    return memory.keeper.read(named(memory, memory_id))


def _shown(twin: Opened, ids: Sequence[str]) -> list[JSON]:
    """Return the memories of these ids that are there."""
    keeper = twin.services.memory.keeper
    return [one.as_json() for one in keeper.shown([row.document for row in keeper.index.find(ids).values()])]


def _doomed(twin: Opened, memory_id: str) -> list[Memory]:
    """Return a memory, and the dreams and reflections that are made of nothing else."""
    found = _read(twin, memory_id)
    return [found, *made_of(twin.services.memory.keeper, {found.id})]


def _forget(twin: Opened, one: Memory, deleted: Sequence[str]) -> JSON:
    of = twin.services
    gone, learned = forget_one(twin.home, of.memory, one.id, deleted, of.audit, of.clock)
    return {"id": one.id, **gone._asdict(), "personaCache": learned}


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
