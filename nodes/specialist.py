"""Does one job as the specialist it was given to, and looks it over; run once per job, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langgraph.runtime import Runtime
from pydantic import BaseModel

from metahuman.nodes.prompts import render
from metahuman.state.asking import Answered, ask, ask_for
from metahuman.state.briefing import SpecialistJob
from metahuman.state.context import TurnContext, model_choice
from metahuman.state.crafts import SCHEMAS, Product, length_for, mended, read
from metahuman.state.endings import details_of, finding_of, shortfall
from metahuman.state.events import specialist_done
from metahuman.state.lengths import ENDS, Length
from metahuman.state.parts import TurnCall
from metahuman.state.prompting import as_block, shorten
from metahuman.state.services import Workshop
from metahuman.state.tokens import estimate_tokens
from metahuman.state.turn import TurnUpdate, was_cut

#: Times that a specialist is asked: once more where a check found something wrong.
TRIES = 2
#: Characters of a task's own words, and of an answer that is shown again.
TASK, SHOWN = 2_000, 8_000
#: Characters up to which an answer and its text are read sooner than a thread for that would begin.
SHORT = 4_000


async def specialist(job: SpecialistJob, runtime: Runtime[TurnContext], *, services: Workshop) -> TurnUpdate:
    """Return what the specialist made, or why it could not: one that fails takes nothing from the others."""
    role, started = job["specialist"], services.clock.milliseconds()
    length, chosen = length_for(job), model_choice(runtime.context, role)
    prompt = _prompt(job, length, services.models.prompt_budget(role, mode=job["mode"], model_id=chosen))
    made, calls, error = Product("", [], None), list[TurnCall](), None
    for _ in range(TRIES):
        answered = await _ask(job, prompt, runtime, services)
        calls += answered.calls
        if answered.value is None:
            error = None if made.content else answered.error
            break
        made = await _read(answered.value, job, length)
        if made.problem is None or (answered.message and was_cut(answered.message)):
            break
        prompt = _again(prompt, made)
    made = await asyncio.to_thread(mended, made, job, length) if made.problem else made
    error = error or shortfall(job, made)
    took = round(services.clock.milliseconds() - started, 2)
    await services.audit.arecord(specialist_done(details_of(job, made, calls, error, took)))
    return {"findings": [finding_of(job, made, error, took)], "calls": calls}


async def _ask(
    job: SpecialistJob, prompt: Sequence[BaseMessage], runtime: Runtime[TurnContext], services: Workshop
) -> Answered[Any]:
    role = job["specialist"]
    model = services.models.chat_model(role, mode=job["mode"], model_id=model_choice(runtime.context, role))
    if schema := SCHEMAS.get(role):
        return await ask_for(schema, model, prompt, job["turn"])
    return await ask(model, prompt, job["turn"])


async def _read(answer: str | BaseModel, job: SpecialistJob, length: Length) -> Product:
    """Return what an answer holds; where that takes a while, as for code and long texts, it is read in a thread."""
    short = len(str(answer)) + len(job["source"]) + len(job["whole"]) <= SHORT
    if short and job["specialist"] != "coder":
        return read(answer, job, length)
    return await asyncio.to_thread(read, answer, job, length)


def _prompt(job: SpecialistJob, length: Length, budget: int) -> list[BaseMessage]:
    room = max(budget * 2, 400)
    task = shorten(job["job"]["task"], min(TASK, room // 2))
    if job["specialist"] == "summarizer":
        # A message with its text in it: what is wanted stands at either end.
        task = shorten(task, 2 * ENDS) if task in job["source"] else task
        # A piece was cut to fit; what could not be cut any further is not.
        fits = estimate_tokens(job["source"]) <= budget
        source = as_block("text", job["source"] if fits else shorten(job["source"], room))
        part = job["job"]["part"]
        place = f"This is part {part[0]} of {part[1]} of a longer text." if part else ""
        return [
            SystemMessage(render("summarizer")),
            HumanMessage(render("condensing", text=source, place=place, task=task, length=str(length))),
        ]
    share = room // (len(job["data"]) + 2)
    data = [as_block(name, shorten(text, share)) for name, text in job["data"]]
    message = as_block("message", shorten(job["message"], room // 2)) if job["message"] != job["job"]["task"] else ""
    asked = render("task", data="\n".join([*data, message]), task=task)
    return [SystemMessage(render(job["specialist"])), HumanMessage(asked.strip())]


def _again(prompt: Sequence[BaseMessage], made: Product) -> list[BaseMessage]:
    """Return the prompt, what came of it, and what is wrong with that."""
    said = AIMessage(shorten(made.content, SHOWN))
    return [*prompt, said, HumanMessage(render("mend", problem=str(made.problem)))]
