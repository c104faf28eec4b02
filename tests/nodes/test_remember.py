"""What a turn leaves behind, mode by mode."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from metahuman.nodes.remember import remember
from metahuman.state.context import MODES, Mode
from metahuman.state.parts import Finding, Recalled, Route
from metahuman.state.summaries import MESSAGES
from metahuman.state.turn import TurnState
from tests.fakes import world


def turn(mode: Mode, *findings: Finding) -> TurnState:
    route = Route(
        tasks=[], topics=["tea"], intent="", focus="breakfast", confidence=1, decidedBy="model", why=None, latencyMs=0
    )
    said = [HumanMessage("tea?", id="q1"), AIMessage("with milk")]
    return TurnState(
        messages=said,
        startedAt="2026-05-17T12:00:00.000Z",
        mode=mode,
        route=route,
        recalled=Recalled(evidence=[], latencyMs=0),
        findings=list(findings),
    )


def finding(turn: str = "q1", error: str | None = None) -> Finding:
    return Finding(turn=turn, source="operator", task="boil", content="boiled", error=error)


@pytest.mark.parametrize(
    ("mode", "findings", "written"),
    [
        ("dual", [], True),
        ("dual", [finding()], True),
        ("agent", [], False),
        ("agent", [finding()], True),
        ("agent", [finding(error="no tools")], True),  # that it was tried is an outcome, too
        ("agent", [finding(turn="the one before")], False),
        ("emulation", [], False),
        ("emulation", [finding()], False),
    ],
)
async def test_what_the_mode_allows_is_written_and_nothing_else(
    mode: Mode, findings: list[Finding], *, written: bool
) -> None:
    it = world()
    update: dict[str, Any] = {**await remember(turn(mode, *findings), {}, services=it.services)}
    assert (len(it.memory.saved), len(it.memory.kept)) == ((1, 1) if written else (0, 0))
    assert [event.event for event in it.audit.events] == ["memory_saved", "short_term_changed"] * written
    assert update["memoryId"] == next(iter(it.memory.saved), None)


async def test_a_thread_is_only_condensed_here_when_nobody_else_did_for_long() -> None:
    state = turn("dual")
    last = state["messages"]
    earlier = [kind(f"tea in cup {n}", id=f"{n}") for n in range(MESSAGES // 2) for kind in (HumanMessage, AIMessage)]
    state["messages"] = [*earlier, *last]
    assert "summary" not in await remember(state, {}, services=world().services)
    state["messages"] = [*(message.model_copy(update={"id": f"{message.id}b"}) for message in earlier), *earlier, *last]
    update = await remember(state, {}, services=world().services)
    removed = [message.id for message in update["messages"]]
    assert removed == [message.id for message in state["messages"][: len(removed)]]
    assert update["summary"]["messages"] == len(removed) > MESSAGES
    assert "they said: tea in cup 0" in update["summary"]["text"]


@pytest.mark.parametrize("mode", MODES)
async def test_the_thread_itself_goes_on_in_every_mode(mode: Mode) -> None:
    update = await remember(turn(mode), {}, services=world().services)
    assert update["shortTerm"]["currentFocus"] == "breakfast"
