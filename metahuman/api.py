"""The Python API: a twin that is talked with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from langchain_core.messages import AnyMessage

from metahuman.feedback import Feedback
from metahuman.growing import Growing
from metahuman.holding import threads_with
from metahuman.home import Home, find_home
from metahuman.models.live import LiveRegistry
from metahuman.models.providers import Provider, open_provider
from metahuman.products import Sourced, chosen, save, sourced
from metahuman.reply import Event, Reply, last_of
from metahuman.state.approvals import Ask
from metahuman.state.artifacts import Kept
from metahuman.state.background import background
from metahuman.state.context import Mode, Trust, TurnContext, as_trust
from metahuman.state.memories import Memory
from metahuman.state.modes import as_mode, switch_mode
from metahuman.state.services import Clock
from metahuman.threads import MAIN
from metahuman.turns import Turns
from metahuman.wiring import open_services


class MetaHuman(Feedback, Growing):
    """A twin with its home. Use it as a context manager, or call `close` when done.

    Every method that talks has a twin for async callers, with an `a` before its name.

    Args:
        home: Its folder; by default METAHUMAN_HOME, else the platform's folder for user data.
        providers: Finds a model provider by name.
        patience: Seconds that a turn waits for another one on the same thread, in whatever process.
        clock: The time; by default the machine's.

    Raises:
        StoreError: If the home cannot be created or written.
        SettingError: If its model registry cannot be used.

    Attributes:
        short_term: What the home has in mind: focus, tasks, topics, tool outputs. A change counts from the next turn.
        persona_cache: What the twin keeps referring to: facts, catchphrases, quirks, themes.
    """

    def __init__(
        self,
        home: Home | Path | str | None = None,
        *,
        providers: Callable[[str], Provider] = open_provider,
        patience: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        self.home = home if isinstance(home, Home) else find_home(home)
        self.home.create()
        self.services = open_services(self.home, providers, clock)
        self.short_term, self.persona_cache = self.services.short_term, self.services.persona_cache
        self._turns = Turns(self.home, self.services, patience)

    def chat(
        self, message: str, *, thread: str = MAIN, mode: Mode | None = None, trust: Trust | None = None, **models: str
    ) -> Reply:
        """Say something and return the reply.

        Args:
            message: What is said.
            thread: The conversation it belongs to; it is remembered across processes.
            mode: The cognitive mode of this turn; the owner's own by default.
            trust: How far the operator is trusted in this turn; by default as `etc/trust.json` says for the mode.
            models: A model id of the registry for a role, for this turn: `persona="embedded"`.

        Raises:
            MetaHumanError: See `metahuman.state.errors`; each is one line to act on.
        """
        return last_of(self.stream(message, thread=thread, mode=mode, trust=trust, **models))

    def stream(
        self, message: str, *, thread: str = MAIN, mode: Mode | None = None, trust: Trust | None = None, **models: str
    ) -> Iterator[Event]:
        """Say something and yield what happens as it happens; the last event is the `Reply`. As for `chat`."""
        return background.iterate(self._turns.say(message, thread, _context(mode, trust, models)))

    async def achat(
        self, message: str, *, thread: str = MAIN, mode: Mode | None = None, trust: Trust | None = None, **models: str
    ) -> Reply:
        """As `chat`, for async callers."""
        return last_of(
            [event async for event in self.astream(message, thread=thread, mode=mode, trust=trust, **models)]
        )

    def astream(
        self, message: str, *, thread: str = MAIN, mode: Mode | None = None, trust: Trust | None = None, **models: str
    ) -> AsyncIterator[Event]:
        """As `stream`, for async callers."""
        return background.aiterate(self._turns.say(message, thread, _context(mode, trust, models)))

    def unanswered(self, thread: str = MAIN) -> str | None:
        """Return the message that a thread's last turn did not get to answer, if it was cut short."""
        return background.run(self._turns.unanswered(thread))

    def resume(self, thread: str = MAIN, *, mode: Mode | None = None) -> Iterator[Event]:
        """Finish a turn that was cut short, from the step it had come to; as `stream`.

        Raises:
            EmptyTurn: If none was.
        """
        return background.iterate(self._turns.finish(thread, _context(mode, None, {})))

    def again(self, *specialists: str, thread: str = MAIN) -> Reply:
        """Have some of the last turn's work done again, and return the answer that is then given in place of the last.

        What came of the others is in the thread's checkpoint, and is not done again.

        Args:
            specialists: Whose work: coder, planner, summarizer, curator, dreamer; none for all that failed.
            thread: The conversation.

        Raises:
            EmptyTurn: If there is nothing to do again.
        """
        return last_of(self.stream_again(*specialists, thread=thread))

    def stream_again(self, *specialists: str, thread: str = MAIN) -> Iterator[Event]:
        """As `again`, but yield what happens as it happens; the last event is the `Reply`."""
        return background.iterate(self._turns.again(specialists, thread))

    def save_artifacts(self, folder: Path | str = ".", *names: str, thread: str = MAIN) -> list[Path]:
        """Write what specialists made on a thread to files, and return them; a file that is there is never changed.

        Args:
            folder: Where.
            names: Which of the artifacts, by name; those of the last turn that made any by default.
            thread: The conversation.

        Raises:
            EmptyTurn: If nothing has been made.
            BadChoice: If nothing of that name has.
            StoreError: If a file cannot be written.
        """
        return save(chosen(self.artifacts(thread), names), Path(folder))

    def artifacts(self, thread: str = MAIN) -> list[Kept]:
        """Return what specialists have made on a thread, the latest last; the oldest are let go when there are many."""
        return list(background.run(self._turns.values(thread)).get("artifacts", []))

    def summary_sources(self, thread: str = MAIN) -> list[Sourced]:
        """Return for each sentence of a thread's last summary where in its source it is from.

        Raises:
            EmptyTurn: If there is no summary, or its source is no longer there.
        """
        return sourced(background.run(self._turns.values(thread)))

    def asks(self, thread: str | None = None) -> list[Ask]:
        """Return the calls of tools that wait for a person's word: on a thread, or on all of them."""
        return background.run(self._turns.asks(thread))

    def unfinished(self) -> list[str]:
        """Return what a crash left without an end, each in a sentence; what can be settled is settled by that."""
        return [left.why for left in background.run(self.services.tools.unfinished())]

    def answer(
        self,
        approved: bool,
        *,
        thread: str = MAIN,
        arguments: Mapping[str, Any] | None = None,
        always: bool = False,
        why: str = "",
    ) -> Reply:
        """Give your word on the call that a thread waits with, and return the reply once the turn has gone on.

        Args:
            approved: Whether the call may be made.
            thread: The conversation.
            arguments: Other arguments to make it with; the policy rules on them anew.
            always: Whether calls like it may be made from now on without asking.
            why: Why not, for the operator to act on.

        Raises:
            EmptyTurn: If no call waits on the thread.
        """
        return last_of(self.stream_answer(approved, thread=thread, arguments=arguments, always=always, why=why))

    def stream_answer(
        self,
        approved: bool,
        *,
        thread: str = MAIN,
        arguments: Mapping[str, Any] | None = None,
        always: bool = False,
        why: str = "",
    ) -> Iterator[Event]:
        """As `answer`, but yield what happens as it happens; the last event is the `Reply`."""
        answer = {"approved": approved, "arguments": arguments, "always": always, "why": why}
        return background.iterate(self._turns.answer(answer, thread))

    def history(self, thread: str = MAIN) -> list[AnyMessage]:
        """Return the messages that a thread still holds, oldest first."""
        return list(background.run(self._turns.values(thread)).get("messages", []))

    def last_reply(self, thread: str = MAIN) -> Reply | None:
        """Return a thread's last reply with all that led to it, or None if it has none."""
        return background.run(self._turns.last_reply(thread))

    def memories(self, containing: str = "", *, limit: int = 10) -> list[dict[str, Any]]:
        """Return the latest memories, newest first.

        Args:
            containing: Only those in whose text this stands, in whatever case.
            limit: How many at most.
        """
        return background.run(self.services.memory.latest(containing, limit=limit))

    def threads(self) -> list[str]:
        """Return the names of all threads, the latest spoken in first."""
        return background.run(self._turns.names())

    def threads_with(self, memories: Sequence[Memory]) -> dict[str, str]:
        """Return the threads that still hold words of these memories, and where in each."""
        return background.run(threads_with(self._turns, memories))

    def delete_thread(self, thread: str) -> None:
        """Forget a thread's messages; the memories made from them stay."""
        background.run(self._turns.delete(thread))

    @property
    def mode(self) -> Mode:
        """The owner's cognitive mode, which holds for every turn that chooses no other.

        Raises:
            SettingError: If the file that holds it names none.
        """
        return background.run(self.services.memory.current_mode())

    def switch_mode(self, mode: str, actor: str = "human") -> None:
        """Make `mode` the owner's cognitive mode, here and in every other program, until it is switched again.

        Args:
            mode: dual, agent or emulation.
            actor: Who wants it, for the audit.

        Raises:
            SettingError: If there is no such mode, or the file that holds it is not JSON.
            StoreError: If it cannot be written.
        """
        of = self.services
        background.run(switch_mode(mode, actor, of.memory, of.audit, of.clock))

    @property
    def registry(self) -> LiveRegistry:
        """The model registry: calling it gives the one in force, `override` changes it for a while."""
        return self.services.registry

    def close(self) -> None:
        """Close the home's files. Using the twin again opens them again."""
        background.run(self._close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _close(self) -> None:
        await self._turns.close()
        await self.services.aclose()


def _context(mode: str | None, trust: str | None, models: dict[str, str]) -> TurnContext:
    return TurnContext(None if mode is None else as_mode(mode), models, None if trust is None else as_trust(trust))
