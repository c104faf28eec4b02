"""Makes one call of a tool, if the policy lets it be made; where a person has to say, the turn waits for their word."""

from __future__ import annotations

import contextlib

from langchain_core.runnables import RunnableConfig
from langgraph.types import interrupt

from metahuman.state.acting import Acting, Approval, Call, Outcome, Ruling, Step
from metahuman.state.ages import seconds_between
from metahuman.state.approvals import EXPIRED, Ask, answer_of, refuse
from metahuman.state.errors import MetaHumanError
from metahuman.state.moments import iso
from metahuman.state.operating import acting_of
from metahuman.state.services import Services
from metahuman.state.tool_events import always_approved, approval_answered
from metahuman.state.turn import TurnState, TurnUpdate, thread_of


async def act(state: TurnState, config: RunnableConfig, *, services: Services) -> TurnUpdate:
    """Return what became of the first of the pending calls.

    One call a run of this node: it is run again from its beginning when a person has answered, and after a crash.
    """
    call, *rest = state["pending"]
    acting = acting_of(state, thread_of(config))
    started = services.clock.milliseconds()
    ruling, approval = await services.tools.rule(call, acting), None
    if ruling["verdict"] == "ask":
        approval = await _approval(call, ruling, state, acting, services)
        call = Call(id=call["id"], tool=call["tool"], arguments=approval["arguments"])
        started = services.clock.milliseconds()  # a person's time is not the tool's
    outcome = await services.tools.run(call, acting, approval)
    if approval and approval["approved"] and approval["always"]:
        with contextlib.suppress(MetaHumanError):  # the call is made; settings that cannot be written ask again
            pattern = await services.tools.always(call, acting)
            await services.audit.arecord(always_approved(call["tool"], pattern, acting.thread))
    step = _step(call, acting.turn, outcome, services.clock.milliseconds() - started)
    return {"pending": rest, "steps": [step]}


async def _approval(call: Call, ruling: Ruling, state: TurnState, acting: Acting, services: Services) -> Approval:
    """Ask a person; return their word, which may come days later and in another process."""
    preview = await services.tools.preview(call, acting)
    asked = Ask(call=call, ruling=ruling, preview=preview, thread=acting.thread, turn=acting.turn)
    approval = answer_of(interrupt(asked), call)
    waited, patience = seconds_between(state["startedAt"], iso(services.clock.now())), services.tools.patience()
    if waited and patience is not None and waited > patience:
        approval = refuse(call, "the answer came too late", EXPIRED)
    await services.audit.arecord(approval_answered(asked, approval))
    return approval


def _step(call: Call, turn: str, outcome: Outcome, took: float) -> Step:
    output = outcome.output
    return Step(
        turn=turn,
        call=call,
        ruling=outcome.ruling,
        approvedBy=outcome.approved_by,
        ended=outcome.ended,
        output=output.text if output else "",
        error=outcome.error,
        sources=[*output.sources] if output else [],
        trusted=output.trusted if output else True,
        latencyMs=round(took, 2),
    )
