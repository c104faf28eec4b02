"""Routes for what is the owner's: the mode, the persona, and their word on what is learned from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from metahuman.memory.dataset.reviewing import items, say
from metahuman.memory.dataset.rows import Word as Verdict
from metahuman.server.twin import JSON, Twin
from metahuman.state.context import Mode
from metahuman.state.curation_events import curated_reviewed
from metahuman.state.files import whole
from metahuman.state.modes import RULES, switch_mode
from metahuman.state.persona_cache import HUMAN

routes = APIRouter(prefix="/api", tags=["owner"])


class Switch(BaseModel):
    """The mode that is to hold from now on."""

    mode: Mode


class Review(BaseModel):
    """The owner's word on a curated memory; with `edit`, other words in its place."""

    word: Verdict
    userMessage: str | None = None  # noqa: N815 - as its file has it
    assistantResponse: str | None = None  # noqa: N815


@routes.get("/mode")
def mode(twin: Twin) -> JSON:
    """Return the owner's mode, since when it holds, and what each mode means."""
    persona, registry = twin.services.memory.persona, twin.services.registry()
    since = persona.mode_file().get("lastChanged")
    modes = {name: {"meaning": rules.meaning, "writes": rules.writes} for name, rules in RULES.items()}
    for name, told in modes.items():
        asked = registry.asked(name)
        minds = {role: asked[role][0].model_id if asked.get(role) else "" for role in ("orchestrator", "persona")}
        told |= minds
    return {"mode": persona.mode(), "since": since if isinstance(since, str) else None, "modes": modes}


@routes.put("/mode")
async def switch(wanted: Switch, twin: Twin) -> JSON:
    """Switch the owner's mode, here and in every other program."""
    of = twin.services
    before = await switch_mode(wanted.mode, HUMAN, of.memory, of.audit, of.clock)
    return {"mode": wanted.mode, "before": before}


@routes.get("/persona")
def persona(twin: Twin) -> JSON:
    """Return who the twin is, and what it keeps referring to, with the memories that this is read from."""
    files = twin.services.memory.persona
    told = {"facet": files.facets.shown().id, "core": files.shown(), "cache": files.cache.content()}
    return {**told, "prompt": files.summary()}


@routes.get("/review")
def review(twin: Twin, all: bool = False) -> JSON:  # noqa: A002 - the word in the address
    """List what the curator held back and the owner has not spoken about; `all`: all that was curated."""
    return {"items": whole([one.as_json() for one in items(twin.home.root, everything=all)])}


@routes.post("/review/{memory_id}")
def reviewed(memory_id: Annotated[str, Field(min_length=1, max_length=300)], word: Review, twin: Twin) -> JSON:
    """Keep a curated memory, put other words in its place, or drop it for good."""
    of = twin.services
    one = say(twin.home.root, memory_id, word.word, of.clock.now(), word.userMessage, word.assistantResponse)
    of.audit.record(curated_reviewed(one.id, word.word, list(one.made.held_back)))
    told: JSON = whole(one.as_json())
    return told
