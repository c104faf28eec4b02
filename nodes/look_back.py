"""Looks back on the memories of some days: has rules find what keeps coming up, and parts them for a model to read."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from langgraph.runtime import Runtime

from metahuman.state.context import TurnContext, model_choice
from metahuman.state.digesting import DAYS, Digestion, DigestState, DigestStep, Noted, in_chunks
from metahuman.state.prompting import shorten
from metahuman.state.services import Services
from metahuman.state.tokens import estimate_tokens

ROLE = "curator"
#: Tokens of a prompt that are no memory, and of one memory that are not its words.
FRAME, MARKS = 500, 12
#: Tokens of memories that a model reads at a time, however much it could: of more it overlooks much.
MOST = 6_000


async def look_back(
    state: DigestState, runtime: Runtime[TurnContext], *, services: Services, digestion: Digestion
) -> DigestState:
    """Return the memories, what rules find in them, and the parts for the model; no parts where none is asked.

    The first day counts from its beginning, so that runs of one day see the same memories.
    """
    first = services.clock.now() - timedelta(days=max(state.get("days", DAYS), 1))
    noted = await digestion.look_back(datetime.combine(first.date(), time.min, first.tzinfo))
    items = await digestion.find(noted)
    chunks = [] if state.get("withoutModel", False) else _chunks(noted, runtime.context, services)
    runtime.stream_writer(DigestStep(parts=len(chunks), read=0))
    return {"noted": noted, "items": items, "chunks": chunks}


def _chunks(noted: list[Noted], context: TurnContext | None, services: Services) -> list[list[Noted]]:
    mode, chosen = context.mode if context else None, model_choice(context, ROLE)
    budget = services.models.prompt_budget(ROLE, mode=mode, model_id=chosen)
    room = min(max(budget - FRAME, budget // 2), MOST)
    # Half of the room in characters is at most half of it in tokens, whatever the script.
    told = [Noted(**{**one, "said": shorten(one["said"], room // 2)}) for one in noted if one["said"]]
    return in_chunks(told, room, [estimate_tokens(one["said"]) + MARKS for one in told])
