"""What nodes may ask for. Concrete classes are bound when the graph is built; tests bind fakes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from metahuman.state.moments import iso
from metahuman.state.short_term import after_break, of_thread

if TYPE_CHECKING:  # commands that ask no model need not wait for LangChain
    from langchain_core.language_models import BaseChatModel

    from metahuman.state.acting import Acting, Approval, Call, Offer, Outcome, Ruling
    from metahuman.state.context import Mode, TurnContext
    from metahuman.state.events import AuditEvent
    from metahuman.state.kept import Kept
    from metahuman.state.memories import Question
    from metahuman.state.parts import Evidence, ShortTerm
    from metahuman.state.routing import Classifier
    from metahuman.state.short_term import Change
    from metahuman.state.turn import TurnState

T = TypeVar("T")


class Audit(Protocol):
    """Where every decision, model call and change is written down."""

    def record(self, event: AuditEvent) -> None:
        """Append `event`; it is on disk's way when this returns."""
        ...

    async def arecord(self, event: AuditEvent) -> None:
        """Append `event` without holding up the event loop."""
        ...

    def close(self) -> None:
        """Close what is open; a later event opens it again."""
        ...


class Clock(Protocol):
    """The time, so that tests can set it."""

    def now(self) -> datetime:
        """Return the time of day, with a time zone."""
        ...

    def milliseconds(self) -> float:
        """Return a count of milliseconds that never runs backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class Spent(NamedTuple):
    """What a provider was asked for in one day; cost in the owner's currency."""

    calls: int
    tokens: int
    cost: float


class Usage(Protocol):
    """What was asked of whom, and what it cost."""

    def spent(self, provider: str, day: str) -> Spent:
        """Return what `provider` was asked for on `day` (YYYY-MM-DD, that of UTC)."""
        ...


class Models(Protocol):
    """Who answers for a role."""

    def serves(self, role: str, mode: Mode) -> bool:
        """Tell whether `role` has a model in `mode`; emulation has no orchestrator."""
        ...

    def chat_model(
        self, role: str, *, mode: Mode | None = None, model_id: str | None = None, listed_only: bool = False
    ) -> BaseChatModel:
        """Return the chat model of `role`: each call goes down the role's hierarchy and is audited."""
        ...

    def prompt_budget(self, role: str, *, mode: Mode | None = None, model_id: str | None = None) -> int:
        """Return how many tokens a prompt for `role` may have, its answer's own room taken off."""
        ...

    def token_counter(
        self, role: str, *, mode: Mode | None = None, model_id: str | None = None
    ) -> Callable[[str], int]:
        """Return what counts a text's tokens for `role`, exactly where its tokenizer can be asked. It blocks."""
        ...

    def serves_embeddings(self) -> bool:
        """Tell whether there is a model for embeddings; without one, `embed` fails."""
        ...

    async def embed(self, texts: Sequence[str], *, role: str = "embedder") -> list[list[float]]:
        """Return a vector for each text, all of one length: down the role's hierarchy, audited."""
        ...

    async def aclose(self) -> None:
        """Close the connections made on this event loop."""
        ...


class Memory(Protocol):
    """What the twin knows: memories, persona and short-term state."""

    async def current_mode(self) -> Mode:
        """Return the owner's cognitive mode."""
        ...

    async def set_mode(self, mode: Mode, actor: str, moment: datetime) -> str:
        """Make `mode` the owner's mode from `moment` on, by whom; return the word that stood there before."""
        ...

    async def recall(self, question: Question) -> Sequence[Evidence]:
        """Return what bears on a question, the best first, leaving out what its thread itself still shows."""
        ...

    async def save(self, memory: Mapping[str, Any], *, recalled: Sequence[str] = ()) -> Kept:
        """Write an episodic memory, unless nothing in it is new; saving the same id again changes nothing.

        Args:
            memory: The memory, as its file will have it.
            recalled: The evidence of its turn: what only repeats that teaches nothing.
        """
        ...

    async def latest(self, containing: str, *, limit: int) -> list[dict[str, Any]]:
        """Return the latest memories in whose text `containing` stands, in whatever case, newest first."""
        ...

    async def persona_summary(self) -> str:
        """Return who the twin is, in a few lines for a prompt."""
        ...

    async def short_term(self) -> ShortTerm:
        """Return what the home has in mind: the short-term state last written, of whichever thread."""
        ...

    async def change_short_term(self, change: Change) -> list[str]:
        """Write what `change` makes of the home's short-term state, and return the keys that differ."""
        ...


class Tools(Protocol):
    """The operator's tools; no call is made but through `run`, and the policy rules on each."""

    async def ready(self) -> None:
        """Find out which tools other programs have, so that the rest need not wait for them."""
        ...

    def offered(self, acting: Acting) -> list[Offer]:
        """Return the tools that a model may be told of; none in emulation."""
        ...

    async def rule(self, call: Call, acting: Acting) -> Ruling:
        """Return what the policy says to a call; nothing is run."""
        ...

    async def preview(self, call: Call, acting: Acting) -> str:
        """Return what a call would do, for a person who is asked: a diff, say; "" where its arguments tell."""
        ...

    async def run(self, call: Call, acting: Acting, approval: Approval | None = None) -> Outcome:
        """Make a call, once, if the policy or a person lets it be made; say what became of it."""
        ...

    async def always(self, call: Call, acting: Acting) -> dict[str, str]:
        """Let calls like this one be made from now on without asking; return what of their arguments counts."""
        ...

    def patience(self) -> float | None:
        """Return the seconds after which a person's word comes too late; None if it never does."""
        ...


class Courtesy(Protocol):
    """How work in the background lets a person's turn go first."""

    async def gently(self, make: Callable[[], Awaitable[T]]) -> T:
        """Make a model call and return what it returns; a person's turn cancels it, and it is made again after that.

        Args:
            make: Makes the call; it is asked anew for each try.
        """
        ...


@dataclass(frozen=True)
class Workshop:
    """What nodes use that only ask models."""

    models: Models
    audit: Audit
    clock: Clock


@dataclass(frozen=True)
class Services(Workshop):
    """Everything concrete that the nodes of a turn use."""

    memory: Memory
    tools: Tools
    classifier: Classifier


async def short_term_of(state: TurnState, memory: Memory, clock: Clock) -> ShortTerm:
    """Return what the thread has in mind now; a new thread takes over what was in mind last."""
    known = of_thread(state.get("shortTerm"), await memory.short_term())
    return after_break(known, iso(clock.now()))


async def mode_of(context: TurnContext | None, memory: Memory) -> Mode:
    """Return the mode of a run: what the person chose for it, else the owner's own."""
    return (context and context.mode) or await memory.current_mode()
