"""The owner says where a turn ought to have gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metahuman.home import Home
from metahuman.routing.corrections import Corrections
from metahuman.state.errors import EmptyTurn
from metahuman.state.events import route_corrected
from metahuman.state.moments import iso
from metahuman.state.parts import Destination
from metahuman.state.routing import situation_of
from metahuman.state.services import Services
from metahuman.state.turn import TurnState, question_of


def corrections_of(home: Home) -> Corrections:
    """Return the corrections of a home."""
    return Corrections(home.routing / "corrections.jsonl")


async def correct_last(home: Home, services: Services, state: Mapping[str, Any], right: Sequence[Destination]) -> str:
    """Write down where the last turn of a thread ought to have gone; return the id of its message.

    Args:
        home: Whose corrections they are.
        services: Where the change is audited, and what time it is.
        state: The thread's state.
        right: Where it ought to have gone.

    Raises:
        EmptyTurn: If nothing has been routed on the thread.
        StoreError: If it cannot be written.
    """
    if "route" not in state:
        raise EmptyTurn("nothing has been said here yet that could have gone wrong")
    turn: TurnState = state  # type: ignore[assignment]
    question = question_of(turn)
    upto = [message.id for message in turn["messages"]].index(question.id)
    known = turn.get("shortTerm") or await services.memory.short_term()
    situation = situation_of(turn["messages"][: upto + 1], known)
    corrections_of(home).add(str(question.id), situation, right, iso(services.clock.now()))
    was = [task["destination"] for task in turn["route"]["tasks"]]
    await services.audit.arecord(route_corrected(str(question.id), was, right))
    return str(question.id)
