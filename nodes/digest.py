"""Has the curator's model point out what keeps coming up in a part of the memories; run once a part, side by side."""

from __future__ import annotations

from functools import partial

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langgraph.runtime import Runtime

from metahuman.nodes.look_back import ROLE
from metahuman.nodes.prompts import render
from metahuman.state.asking import Answered, ask_for, model_for
from metahuman.state.context import TurnContext
from metahuman.state.digesting import DigestAnswer, DigestJob, DigestState, DigestStep, Refused, claims_of
from metahuman.state.prompting import as_block
from metahuman.state.services import Courtesy, Services


async def digest(
    job: DigestJob, runtime: Runtime[TurnContext], *, services: Services, courtesy: Courtesy
) -> DigestState:
    """Return what the model claims; nothing of it is believed yet. One that fails is told, and takes nothing away."""
    answered = await courtesy.gently(partial(_ask, job, runtime.context, services))
    runtime.stream_writer(DigestStep(parts=job["of"], read=1))
    if answered.value is None:
        reason = answered.error or "the model said nothing"
        refused = Refused(kind="part", text=f"part {job['part']} of {job['of']}", reason=reason)
        return {"refused": [refused], "calls": answered.calls}
    claims, unknown = claims_of(answered.value, [one["id"] for one in job["noted"]])
    lost = [Refused(kind="citation", text="", reason="there is no such memory")] * unknown
    return {"claims": claims, "refused": lost, "calls": answered.calls}


async def _ask(job: DigestJob, context: TurnContext | None, services: Services) -> Answered[DigestAnswer]:
    model = model_for(ROLE, context, services.models)
    return await ask_for(DigestAnswer, model, _prompt(job), f"digest-{job['part']}")


def _prompt(job: DigestJob) -> list[BaseMessage]:
    lines = [
        f"[{number}] {one['at'][:10]} {' '.join(one['said'].split())}" for number, one in enumerate(job["noted"], 1)
    ]
    return [SystemMessage(render("digest")), HumanMessage(as_block("memories", "\n".join(lines)))]
