"""Curates one memory: has the curator's model distil it, lets the gates judge, and keeps what is left; side by side."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langgraph.runtime import Runtime

from metahuman.nodes.prompts import render
from metahuman.state.asking import Answered, ask_for, model_for
from metahuman.state.context import TurnContext, model_choice
from metahuman.state.curating import (
    Curated,
    CurateJob,
    Curation,
    CurationUpdate,
    CuratorAnswer,
    Looked,
    Prepared,
    fate_of,
    reason_kind,
)
from metahuman.state.curation_events import memory_curated
from metahuman.state.prompting import as_block, shorten
from metahuman.state.services import Courtesy, Services

ROLE = "curator"
RULES = "rules"
#: Characters of a prompt for each of its tokens, with room to spare, and tokens of it that are no memory.
CHARACTERS, FRAME = 2, 500


async def curate(
    job: CurateJob, runtime: Runtime[TurnContext], *, services: Services, curation: Curation, courtesy: Courtesy
) -> CurationUpdate:
    """Return how one memory is counted; one that is gone is not, and one whose model failed is left for later."""
    prepared = await curation.prepare(job["id"])
    if prepared is None:
        return {}
    answer, made_by = None, dict[str, Any](by=RULES)
    if not (prepared["refused"] or job["withoutModel"]):
        ask = partial(_ask, prepared, runtime.context, services)
        answered = await courtesy.gently(ask)
        if answered.value is None:
            await curation.put_off(job["id"])
            return await _told(runtime, services, _looked_again(job["id"], answered), [])
        answer, made_by = answered.value, _maker(answered)
    curated = await curation.keep(await curation.judge(prepared, answer, made_by))
    return await _told(runtime, services, _looked(curated), curated["curator"]["replaced"])


async def _ask(prepared: Prepared, context: TurnContext | None, services: Services) -> Answered[CuratorAnswer]:
    mode, chosen = context.mode if context else None, model_choice(context, ROLE)
    model = model_for(ROLE, context, services.models)
    prompt = _prompt(prepared, services.models.prompt_budget(ROLE, mode=mode, model_id=chosen))
    return await ask_for(CuratorAnswer, model, prompt, prepared["id"])


def _prompt(prepared: Prepared, budget: int) -> list[BaseMessage]:
    room = max(budget - FRAME, budget // 2) * CHARACTERS // 2
    shown = [as_block(side, shorten(text, room)) for side, text in _sides(prepared) if text]
    return [SystemMessage(render("distil")), HumanMessage("\n".join(shown))]


def _sides(prepared: Prepared) -> list[tuple[str, str]]:
    return [("said", prepared["said"]), ("answered", prepared["answered"])]


def _maker(answered: Answered[CuratorAnswer]) -> dict[str, Any]:
    """Return who answered, for the file of what is kept."""
    call = answered.calls[-1]["call"] if answered.calls else None
    who = {key: call[key] for key in ("modelId", "provider", "model")} if call else {}
    return {"by": "model", **who}


def _looked(curated: Curated) -> Looked:
    return Looked(
        id=curated["id"],
        fate=fate_of(curated),
        refused=curated["refused"],
        flags=curated["flags"],
        said=curated["userMessage"],
        answered=curated["assistantResponse"],
        by=str(curated["curator"].get("model") or curated["curator"]["by"]),
    )


def _looked_again(memory_id: str, answered: Answered[CuratorAnswer]) -> Looked:
    why = answered.error or "the curator's model said nothing"
    return Looked(id=memory_id, fate="again", refused=[why], flags=[], said="", answered="", by="")


async def _told(
    runtime: Runtime[TurnContext], services: Services, looked: Looked, replaced: list[str]
) -> CurationUpdate:
    """Tell the audit and whoever watches what became of a memory; return how it is counted."""
    await services.audit.arecord(memory_curated(looked, replaced))
    runtime.stream_writer(looked)
    refusals = Counter(map(reason_kind, looked["refused"])) if looked["fate"] == "refused" else Counter[str]()
    return {"fates": {looked["fate"]: 1}, "refusals": refusals, "replaced": Counter(replaced)}
