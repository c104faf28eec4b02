"""Does one task as the specialist it was given to; run once per task, side by side."""

from __future__ import annotations

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.runtime import Runtime

from metahuman.nodes.prompts import render
from metahuman.state.context import TurnContext, model_choice
from metahuman.state.errors import ModelError
from metahuman.state.events import specialist_done
from metahuman.state.parts import Finding, TurnCall
from metahuman.state.services import Services
from metahuman.state.turn import SpecialistJob, TurnUpdate, call_record


async def specialist(job: SpecialistJob, runtime: Runtime[TurnContext], *, services: Services) -> TurnUpdate:
    """Return what the specialist made, or why it could not: one that fails takes nothing from the others."""
    role, started = job["specialist"], services.clock.milliseconds()
    model_id = model_choice(runtime.context, role)
    # What a specialist writes is handed over whole; only the persona's words are streamed.
    model = services.models.chat_model(role, mode=job["mode"], model_id=model_id).with_config(tags=["nostream"])
    prompt = [
        SystemMessage(render(role)),
        HumanMessage(render("task", task=job["task"], message=job["message"])),
    ]
    content, error, calls = "", None, list[TurnCall]()
    try:
        answer = await model.ainvoke(prompt)
        content, calls = answer.text, call_record(job["turn"], answer)
    except ModelError as failure:
        error, calls = str(failure), call_record(job["turn"], failure)
    details = {
        "specialist": role,
        "description": job["task"],
        "inputLength": len(job["message"]),
        "outputLength": len(content),
        "latencyMs": round(services.clock.milliseconds() - started, 2),
        "error": error,
    }
    await services.audit.arecord(specialist_done(details))
    finding = Finding(turn=job["turn"], source=role, task=job["task"], content=content, error=error)
    return {"findings": [finding], "calls": calls}
