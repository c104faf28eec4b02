"""What a turn tells its caller, as it goes on and at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from metahuman.state.context import Mode
from metahuman.state.events import ModelCall
from metahuman.state.parts import Evidence, Finding, Route
from metahuman.state.turn import findings_of, question_of, was_cut


@dataclass(frozen=True)
class Routed:
    """The orchestrator has decided where the turn goes."""

    route: Route


@dataclass(frozen=True)
class Found:
    """The operator or a specialist has brought something back, to be shown as it is."""

    finding: Finding


@dataclass(frozen=True)
class Token:
    """The next words of the answer."""

    text: str


@dataclass(frozen=True)
class Reply:
    """A turn, answered.

    Args:
        text: The persona's words.
        question: What was asked.
        thread: The thread it belongs to.
        mode: The cognitive mode it was answered in.
        route: Where it went, and who decided.
        evidence: What memory brought, and why.
        recall_ms: Milliseconds that took.
        findings: What the operator and the specialists made, whole.
        calls: Every model call of the turn.
        cut: Whether the model had to stop at its length limit.
        broken: Why the answer broke off in the middle; None if it is whole.
        memory_id: The memory it became, if it was remembered.
        first_token_ms: Milliseconds from the question to the first word; None where nothing was streamed.
        latency_ms: Milliseconds from the question to the end of the turn.
    """

    text: str
    question: str
    thread: str
    mode: Mode
    route: Route
    evidence: list[Evidence]
    recall_ms: float
    findings: list[Finding]
    calls: list[ModelCall]
    cut: bool
    broken: str | None
    memory_id: str | None
    first_token_ms: float | None = None
    latency_ms: float | None = None

    @property
    def fallbacks(self) -> list[ModelCall]:
        """The calls that another model answered than the one the registry names first."""
        return [call for call in self.calls if call["fallback"]]


Event = Routed | Found | Token | Reply


def reply_of(state: Mapping[str, Any], thread: str, **timing: float | None) -> Reply:
    """Return the reply that a turn's final state holds."""
    question, answer = question_of(state), state["messages"][-1]  # type: ignore[arg-type]
    return Reply(
        text=answer.text,
        question=question.text,
        thread=thread,
        mode=state["mode"],
        route=state["route"],
        evidence=state["recalled"]["evidence"],
        recall_ms=state["recalled"]["latencyMs"],
        findings=findings_of(state),  # type: ignore[arg-type]
        calls=[entry["call"] for entry in state["calls"] if entry["turn"] == question.id],
        cut=was_cut(answer),
        broken=answer.response_metadata.get("broken"),
        memory_id=state.get("memoryId"),
        **timing,
    )


def events_of(part: Mapping[str, Any]) -> Iterator[Event]:
    """Yield what a part of the graph's stream means to a person."""
    if part["type"] == "messages":
        chunk, metadata = part["data"]
        if metadata.get("langgraph_node") == "persona" and chunk.text:
            yield Token(chunk.text)
    if part["type"] == "updates":
        for update in filter(None, part["data"].values()):
            if "route" in update:
                yield Routed(update["route"])
            yield from (Found(finding) for finding in update.get("findings", []))


def last_of(events: Iterable[Event]) -> Reply:
    """Return the reply that a turn's events end with."""
    *_, reply = events
    if not isinstance(reply, Reply):
        raise TypeError("a turn ends with its reply")
    return reply
