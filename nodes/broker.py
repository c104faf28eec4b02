"""Hands out the turn's work, wave by wave: to specialists side by side, and to the operator."""

from __future__ import annotations

from langgraph.runtime import Runtime

from metahuman.state.ages import seconds_between
from metahuman.state.briefing import text_of
from metahuman.state.broking import OPERATOR, Job, Work, artifacts_of, cut, jobs_of, ready, unfinished
from metahuman.state.context import TurnContext, model_choice
from metahuman.state.events import specialists_done
from metahuman.state.moments import iso
from metahuman.state.parts import Finding
from metahuman.state.services import Workshop
from metahuman.state.turn import TurnState, TurnUpdate, findings_of, question_of

#: Tokens of a summarizer's prompt that are not the text.
FRAME = 500


async def broker(state: TurnState, runtime: Runtime[TurnContext], *, services: Workshop) -> TurnUpdate:
    """Return the next jobs to hand out; with none left, the artifacts that the thread now has."""
    work, found = _work(state, services), findings_of(state)
    if not unfinished(work["jobs"], found):
        await _tell(found, work, services)
        return {"work": Work(**{**work, "wave": []}), "artifacts": artifacts_of(found, state.get("artifacts", []))}
    to_cut = [job["id"] for job in ready(work["jobs"], found) if job["destination"] == "summarizer"]
    room = _room(state, runtime, services) if to_cut else 0
    jobs = list[Job]()
    for job in work["jobs"]:
        jobs += cut(job, text_of(state, job), room, work["jobs"]) if job["id"] in to_cut else [job]
    wave = [job["id"] for job in ready(jobs, found)]
    given = [Job(**{**job, "given": job["given"] or job["id"] in wave}) for job in jobs]
    return {"work": Work(**{**work, "jobs": given, "wave": wave})}


async def _tell(found: list[Finding], work: Work, services: Workshop) -> None:
    """Write down what a turn's specialists took, one by one and together."""
    theirs = [finding for finding in found if finding["source"] != OPERATOR]
    if theirs:
        latencies, failed = [one["latencyMs"] for one in theirs], sum(bool(one["error"]) for one in theirs)
        total = seconds_between(work["began"], iso(services.clock.now())) or 0
        await services.audit.arecord(specialists_done(latencies, failed, total * 1000))


def _work(state: TurnState, services: Workshop) -> Work:
    """Return the turn's work, as it stands or as it begins, be it for the second time."""
    turn, work, now = str(question_of(state).id), state.get("work"), iso(services.clock.now())
    if not work or work["turn"] != turn:
        return Work(turn=turn, began=now, jobs=jobs_of(state["route"]["tasks"]), wave=[])
    before = {finding["job"] for finding in findings_of(state)}
    again = not work["wave"] and any(job["id"] in before and not job["given"] for job in work["jobs"])
    return Work(**{**work, "began": now}) if again else work


def _room(state: TurnState, runtime: Runtime[TurnContext], services: Workshop) -> int:
    """Return how many tokens of a text the summarizer's prompt has room for."""
    chosen = model_choice(runtime.context, "summarizer")
    budget = services.models.prompt_budget("summarizer", mode=state["mode"], model_id=chosen)
    return max(budget - FRAME, budget // 2)
