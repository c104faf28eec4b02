"""What a turn is made of: plain values, which a checkpoint or a file gives back as they were."""

from __future__ import annotations

from typing import Literal, NotRequired, get_args

from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one to Studio

from metahuman.state.artifacts import Artifact
from metahuman.state.events import ModelCall

Specialist = Literal["coder", "planner", "summarizer", "curator", "dreamer"]
Destination = Literal["conversation", "memory", "operator", "coder", "planner", "summarizer", "curator", "dreamer"]
DecidedBy = Literal["mode", "rule", "classifier", "model", "fallback"]
Urgency = Literal["low", "normal", "high"]
SPECIALISTS: tuple[Specialist, ...] = get_args(Specialist)
DESTINATIONS: tuple[Destination, ...] = get_args(Destination)
URGENCIES: tuple[Urgency, ...] = get_args(Urgency)


class Task(TypedDict):
    """What one destination is asked to do.

    `after` are the places of the tasks before it whose results it is made from, the first being 0; where it is missing,
    the words tell. `input` is a text that it is about, if that is not the message.
    """

    destination: Destination
    task: str
    after: NotRequired[list[int]]
    input: NotRequired[str]


class Route(TypedDict):
    """Where a turn goes. `confidence` is from 0 to 1; `why` says what went wrong when a fallback decided."""

    tasks: list[Task]
    topics: list[str]
    intent: str
    focus: str
    urgency: Urgency
    confidence: float
    decidedBy: DecidedBy
    why: str | None
    latencyMs: float


class Evidence(TypedDict):
    """One thing remembered: where it is kept, how well it fits, and why it was brought up."""

    id: str
    timestamp: str
    type: str
    text: str
    score: float
    why: str


class Recalled(TypedDict):
    """What memory brought to the turn, and the milliseconds it took."""

    evidence: list[Evidence]
    latencyMs: float


class Finding(TypedDict):
    """What a specialist or the operator brought back; `turn` is the id of the message it answers.

    `content` is all of it as text, `artifacts` what it made, `error` why there is nothing, or not all. `job` is unique
    in its turn; `part` says which piece of a longer text this is a note on, and of how many, else it is None.
    """

    turn: str
    job: str
    source: Destination
    task: str
    content: str
    artifacts: list[Artifact]
    error: str | None
    part: list[int] | None
    latencyMs: float


class TurnCall(TypedDict):
    """A model call of a turn; `turn` is the id of the message it serves."""

    turn: str
    call: ModelCall


class ConversationContext(TypedDict):
    """What the conversation has lately been about, and since when."""

    lastTopics: list[str]
    userIntent: str
    sessionStarted: NotRequired[str]


class ShortTerm(TypedDict):
    """The orchestrator's working memory, as in `out/state/short-term.json`.

    `thread` is the conversation whose turn changed it last; it is missing after any other change.
    """

    currentFocus: str
    activeTasks: list[str]
    recentToolOutputs: dict[str, object]
    conversationContext: ConversationContext
    lastUpdated: str
    thread: NotRequired[str]
