"""The state of one turn of conversation, and how parallel writers meet in it.

Everything here is a message, a plain value or a TypedDict: that is what a checkpoint gives back as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one to Studio

from metahuman.state.acting import Call, Step
from metahuman.state.artifacts import Kept
from metahuman.state.broking import Work
from metahuman.state.context import Mode, Trust
from metahuman.state.errors import EmptyTurn, ModelError
from metahuman.state.parts import Finding, Recalled, Route, ShortTerm, TurnCall
from metahuman.state.summaries import Summary


class _OfTurn(TypedDict):
    turn: str


T = TypeVar("T", bound=_OfTurn)


def of_latest_turn(old: list[T], new: list[T]) -> list[T]:
    """Add what parallel nodes bring, and drop what earlier turns of the thread left behind."""
    both = [*(old or []), *new]
    return [item for item in both if item["turn"] == both[-1]["turn"]]


def latest_findings(old: list[Finding], new: list[Finding]) -> list[Finding]:
    """Add what parallel nodes bring, as `of_latest_turn`; a job that was done again has one finding, the last."""
    return list({finding["job"]: finding for finding in of_latest_turn(old, new)}.values())


class TurnInput(TypedDict):
    """What starts a turn: the person's message, the last of `messages`."""

    messages: Annotated[list[AnyMessage], add_messages]


class Advice(TypedDict):
    """What the critic says to calls that went wrong: whether to try again, and how else, or why not."""

    turn: str
    again: bool
    text: str


class TurnState(TurnInput, total=False):
    """All that a turn knows; a checkpoint of it is the thread's short-term memory.

    `pending` are calls of tools that are yet to be made, `steps` those that have ended, of which `planned` had when the
    operator was last asked. `work` are the jobs of specialists and operator, `artifacts` what they made lately on the
    thread.
    """

    summary: Summary
    startedAt: str
    mode: Mode
    trust: Trust | None
    route: Route
    recalled: Recalled
    pending: list[Call]
    steps: Annotated[list[Step], of_latest_turn]
    planned: int
    advice: Advice
    work: Work
    findings: Annotated[list[Finding], latest_findings]
    artifacts: list[Kept]
    calls: Annotated[list[TurnCall], of_latest_turn]
    shortTerm: ShortTerm
    memoryId: str | None


class TurnUpdate(TypedDict, total=False):
    """What one node changes; mypy refuses keys that the state does not have."""

    messages: Sequence[AnyMessage | RemoveMessage]
    summary: Summary
    startedAt: str
    mode: Mode
    trust: Trust | None
    route: Route
    recalled: Recalled
    pending: list[Call]
    steps: list[Step]
    planned: int
    advice: Advice
    work: Work
    findings: list[Finding]
    artifacts: list[Kept]
    calls: list[TurnCall]
    shortTerm: ShortTerm
    memoryId: str | None


def question_of(state: TurnState) -> HumanMessage:
    """Return the message that the turn answers; its id is the turn's.

    Raises:
        EmptyTurn: If nobody has said anything.
    """
    for message in reversed(state["messages"]):
        if isinstance(message, HumanMessage):
            return message
    raise EmptyTurn("a turn starts with a person's message; there is none in `messages`")


def of_turn(items: Sequence[T], state: TurnState) -> list[T]:
    """Return those of `items` that belong to this turn; the state may still hold the turn before."""
    turn = question_of(state).id
    return [item for item in items if item["turn"] == turn]


def findings_of(state: TurnState) -> list[Finding]:
    """Return what was found for this turn."""
    return of_turn(state.get("findings", []), state)


def advice_of(state: TurnState) -> Advice | None:
    """Return what the critic said in this turn, if it was asked."""
    advice = state.get("advice")
    return advice if advice and advice["turn"] == question_of(state).id else None


def thread_of(config: RunnableConfig) -> str | None:
    """Return the thread that a node runs in, if any."""
    return config.get("configurable", {}).get("thread_id")


def was_cut(message: BaseMessage) -> bool:
    """Tell whether a model had to stop at its length limit, in the words of OpenAI's protocol or Ollama's."""
    ended = message.response_metadata
    return (ended.get("finish_reason") or ended.get("done_reason")) == "length"


def call_record(state_turn: str | None, ended: BaseMessage | ModelError) -> list[TurnCall]:
    """Return the record of the model call that `ended` so, as an update of `calls`."""
    call = ended.call if isinstance(ended, ModelError) else ended.response_metadata.get("modelCall")
    return [TurnCall(turn=str(state_turn), call=call)] if call else []
