"""Would run tools; until this version has any, it says so, and nothing is done."""

from __future__ import annotations

from metahuman.state.parts import Finding
from metahuman.state.turn import TurnState, TurnUpdate, question_of

NO_TOOLS = "this version has no tools yet, so nothing was looked up, changed or run"


async def operator(state: TurnState) -> TurnUpdate:
    """Return the honest finding that no tool was run."""
    tasks = "; ".join(task["task"] for task in state["route"]["tasks"] if task["destination"] == "operator")
    turn = str(question_of(state).id)
    return {"findings": [Finding(turn=turn, source="operator", task=tasks, content="", error=NO_TOOLS)]}
