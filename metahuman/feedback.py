"""What the owner says of an answer: good or bad, or that it went to the wrong place."""

from __future__ import annotations

from collections.abc import Sequence

from metahuman.corrections import correct_last
from metahuman.home import Home
from metahuman.state.background import background
from metahuman.state.commands import COMMANDS, destination_named
from metahuman.state.errors import BadChoice, EmptyTurn
from metahuman.state.events import feedback_given
from metahuman.state.parts import Destination
from metahuman.state.turn import question_of
from metahuman.threads import MAIN
from metahuman.tracing import send_feedback
from metahuman.tracing_facts import payloads_allowed
from metahuman.turns import Turns
from metahuman.wiring import HomeServices


class Feedback:
    """The part of the Python API with which an owner judges answers."""

    home: Home
    services: HomeServices
    _turns: Turns

    def correct(self, *right: str, thread: str = MAIN) -> None:
        """Say where the last turn ought to have gone, so that `metahuman route retrain` learns from it.

        Args:
            right: A destination, or several if the message asked for several things: conversation, memory, operator,
                coder, planner, summarizer, curator or dreamer, or the name of the command that goes there ("tools").
            thread: The conversation.

        Raises:
            BadChoice: If there is no such destination.
            EmptyTurn: If nothing has been said on the thread.
            StoreError: If it cannot be written.
        """
        destinations = [destination_named(word) for word in right]
        if not destinations:
            raise BadChoice(f"say where it ought to have gone: {', '.join(COMMANDS)}")
        background.run(self._correct(destinations, thread))

    def feedback(self, score: float, comment: str = "", *, turn: str | None = None, thread: str = MAIN) -> None:
        """Say how good an answer was. It is kept in the audit log, and sent with the turn's trace if there is one.

        Args:
            score: 1 for good, 0 for bad, or anything between.
            comment: Why. It leaves the machine only if traces may hold what is said.
            turn: The id of the message that was answered; by default the last of the thread.
            thread: The conversation.

        Raises:
            BadChoice: If the score is none.
            EmptyTurn: If nothing has been said on the thread.
            StoreError: If it cannot be written.
        """
        if not 0 <= score <= 1:
            raise BadChoice(f"{score:g} is no score: 1 is good, 0 is bad")
        background.run(self._feedback(float(score), comment, turn, thread))

    async def _correct(self, right: Sequence[Destination], thread: str) -> None:
        turn = await correct_last(self.home, self.services, await self._turns.values(thread), right)
        send_feedback(turn, "route", score=0, correction={"route": list(right)})

    async def _feedback(self, score: float, comment: str, turn: str | None, thread: str) -> None:
        told = turn or await self._last(thread)
        await self.services.audit.arecord(feedback_given(told, score, comment, thread))
        send_feedback(told, "answer", score=score, comment=comment if comment and payloads_allowed() else None)

    async def _last(self, thread: str) -> str:
        values = await self._turns.values(thread)
        if not values.get("messages"):
            raise EmptyTurn("nothing has been said here yet that could be good or bad")
        return str(question_of(values).id)  # type: ignore[arg-type]
