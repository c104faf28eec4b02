"""What a turn tells its caller, as it goes on and at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage

from metahuman.state.acting import Call, Step
from metahuman.state.approvals import Ask
from metahuman.state.artifacts import Artifact
from metahuman.state.context import Mode
from metahuman.state.events import ModelCall
from metahuman.state.operating import sources_of, steps_of
from metahuman.state.parts import Destination, Evidence, Finding, Route
from metahuman.state.turn import findings_of, question_of, was_cut

#: Under this name LangGraph tells of a turn that waits.
INTERRUPT = "__interrupt__"


@dataclass(frozen=True)
class Routed:
    """The orchestrator has decided where the turn goes."""

    route: Route


@dataclass(frozen=True)
class Begun:
    """Work has been handed out: to whom, side by side."""

    who: list[Destination]


@dataclass(frozen=True)
class Noted:
    """A piece of a text that is too long to be read at once has been read: which, of how many."""

    part: int
    of: int


@dataclass(frozen=True)
class Found:
    """The operator or a specialist has brought something back, to be shown as it is."""

    finding: Finding


@dataclass(frozen=True)
class Intended:
    """The operator means to make a call of a tool."""

    call: Call


@dataclass(frozen=True)
class Stepped:
    """A call of a tool has ended."""

    step: Step


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
        steps: The calls of tools that have ended.
        waiting: The call that waits for a person's word; the turn goes on with `MetaHuman.answer`.
        first_token_ms: Milliseconds from the question to the first word; None where nothing was streamed.
        latency_ms: Milliseconds from the question to the end of the turn.
        turn: The id of the message that was answered.
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
    steps: list[Step] = field(default_factory=list)
    waiting: Ask | None = None
    first_token_ms: float | None = None
    latency_ms: float | None = None
    turn: str = ""

    @property
    def sources(self) -> list[str]:
        """Where what tools found is from: paths, addresses, memory ids."""
        return sources_of(self.steps)

    @property
    def artifacts(self) -> list[Artifact]:
        """What the specialists made: code, plans, summaries, dreams; whole, and to be saved with `save_artifacts`."""
        return [artifact for finding in self.findings for artifact in finding["artifacts"]]

    @property
    def failed(self) -> list[Finding]:
        """The work of which nothing came, or not all; `MetaHuman.again` does it once more."""
        return [finding for finding in self.findings if finding["error"]]

    @property
    def fallbacks(self) -> list[ModelCall]:
        """The calls that another model answered than the one the registry names first."""
        return [call for call in self.calls if call["fallback"]]


Event = Routed | Begun | Noted | Found | Intended | Stepped | Token | Reply


def reply_of(state: Mapping[str, Any], thread: str, waiting: Ask | None = None, **timing: float | None) -> Reply:
    """Return the reply that a turn's final state holds; without words, where it waits for a person's."""
    question, last = question_of(state), state["messages"][-1]  # type: ignore[arg-type]
    answer = last if last.type == "ai" else AIMessage("")
    return Reply(
        text=answer.text,
        question=question.text,
        thread=thread,
        mode=state["mode"],
        route=state["route"],
        evidence=state["recalled"]["evidence"],
        recall_ms=state["recalled"]["latencyMs"],
        findings=[one for one in findings_of(state) if not one["part"]],  # type: ignore[arg-type]
        calls=[entry["call"] for entry in state["calls"] if entry["turn"] == question.id],
        cut=was_cut(answer),
        broken=answer.response_metadata.get("broken"),
        memory_id=state.get("memoryId") if last.type == "ai" else None,
        steps=steps_of(state),  # type: ignore[arg-type]
        waiting=waiting,
        turn=str(question.id),
        **timing,
    )


def events_of(part: Mapping[str, Any]) -> Iterator[Event]:
    """Yield what a part of the graph's stream means to a person."""
    if part["type"] == "messages":
        chunk, metadata = part["data"]
        if metadata.get("langgraph_node") == "persona" and chunk.text:
            yield Token(chunk.text)
    if part["type"] == "updates":
        for node, update in part["data"].items():
            if update and node != INTERRUPT:
                yield from _of_update(node, update)


def _of_update(node: str, update: Mapping[str, Any]) -> Iterator[Event]:
    if "route" in update:
        yield Routed(update["route"])
    if node == "operator":
        yield from map(Intended, update["pending"])
    yield from map(Stepped, update.get("steps", []))
    if node == "broker" and (wave := update["work"]["wave"]):
        yield Begun([job["destination"] for job in update["work"]["jobs"] if job["id"] in wave])
    for finding in update.get("findings", []):
        yield Noted(*finding["part"]) if finding["part"] else Found(finding)


def ask_in(part: Mapping[str, Any]) -> Ask | None:
    """Return the call that a part of the stream says is waiting for a person's word, if it says so."""
    interrupts = part["data"].get(INTERRUPT) if part["type"] == "updates" else None
    return interrupts[0].value if interrupts else None


def last_of(events: Iterable[Event]) -> Reply:
    """Return the reply that a turn's events end with."""
    *_, reply = events
    if not isinstance(reply, Reply):
        raise TypeError("a turn ends with its reply")
    return reply
