"""Whether life goes on: what was cut short is taken up, what was said is there, and the next turn is answered."""

from __future__ import annotations

from pathlib import Path

from metahuman.api import MetaHuman
from metahuman.home import Home
from metahuman.reply import Reply
from metahuman.state.errors import EmptyTurn, MetaHumanError
from metahuman.threads import MAIN
from tests.faults.facts import Promised
from tests.faults.forks import Tell


def go_on(home: Path, known: Promised, tell: Tell, spared: str = "") -> None:
    """Take up what was cut short, look for what was said, and say something new on every thread."""
    try:
        with MetaHuman(Home(home), patience=5) as twin:
            if spared.startswith("state/checkpoints"):
                _next(twin, MAIN)
                return
            tell({"left": len(twin.unfinished())})
            for turn in known.turns:
                _look_for(twin, turn, tell)
            for thread in {MAIN, *twin.threads()}:
                _take_up(twin, thread)
                _next(twin, thread)
            tell({"next": True})
    except MetaHumanError as error:
        tell({"stopped": str(error)})
        if not spared:
            tell({"wrong": f"next turn: {type(error).__name__}: {error}"})


def _look_for(twin: MetaHuman, turn: dict[str, object], tell: Tell) -> None:
    """Look for a turn in its thread; emulation keeps none."""
    if turn["mode"] == "emulation":
        return
    said = [message.text for message in twin.history(str(turn["thread"])) if message.type == "human"]
    if turn["turn"] not in said:
        tell({"wrong": f"lost: turn on {turn['thread']}: {turn['turn']}"})


def _take_up(twin: MetaHuman, thread: str) -> None:
    """Answer what waits for a word, and finish what was cut short."""
    if twin.asks(thread):
        # What was asked for on a shared thread may be older than what its file holds now.
        twin.answer(approved=thread.endswith("-waits"), thread=thread)
    elif twin.unanswered(thread):
        try:
            *_, reply = twin.resume(thread)
        except EmptyTurn:
            return
        if isinstance(reply, Reply) and reply.waiting:
            twin.answer(approved=False, thread=thread)


def _next(twin: MetaHuman, thread: str) -> None:
    reply = twin.chat("Are you still there?", thread=thread)
    if not reply.text:
        raise EmptyTurn(f"nothing was answered on {thread}")
