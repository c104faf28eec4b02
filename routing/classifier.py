"""Decides in milliseconds where a message goes, and says how sure it is."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from functools import cache, partial
from queue import SimpleQueue
from typing import NamedTuple, Protocol

import numpy as np

from metahuman.routing.clauses import clauses, rejoined
from metahuman.routing.kernel import Array, Numbers
from metahuman.routing.model import RouteModel
from metahuman.routing.settings import RoutingSettings
from metahuman.routing.situations import EARLIER, Encoder, encode
from metahuman.routing.words import WordModel
from metahuman.state.errors import MetaHumanError, ModelError
from metahuman.state.parts import DESTINATIONS, Destination, Task, Urgency
from metahuman.state.routing import Judgement, Neighbour, Situation

#: What it adds to the score of several wishes that some piece is sure of a second destination.
SECOND = 0.3
NO_SHARES = np.zeros(len(DESTINATIONS), np.float32)
#: Examples named as the nearest.
NEAREST = 5


class Wishes(NamedTuple):
    """What a message's pieces make of it: several wishes.

    Args:
        tasks: The wishes.
        confidence: How sure they are these, from 0 to 1.
        score: The score of there being several, the pieces heard.
    """

    tasks: list[Task]
    confidence: float
    score: float


class Verdict(NamedTuple):
    """What a scorer makes of one situation.

    Args:
        destinations: How probable each is, if there is one wish, (8,).
        shares: How much of the message is for each, (8,); about 1 together.
        several: The score of there being several wishes.
        high: The score of its being urgent.
        low: The score of its being able to wait.
        nearest: The examples nearest to it.
    """

    destinations: Array
    shares: Array = NO_SHARES
    several: float = 0.0
    high: float = 0.0
    low: float = 0.0
    nearest: list[Neighbour] = []  # noqa: RUF012 - nobody changes it


#: What is known of a message that nothing can be made of: where talk goes, and that nobody is sure of it.
NOTHING = Verdict(np.eye(len(DESTINATIONS), dtype=np.float32)[0] / len(DESTINATIONS))


class Scorer(Protocol):
    """Scores situations."""

    @property
    def name(self) -> str:
        """By what it scores."""
        ...

    def score(self, situations: Sequence[Situation]) -> list[Verdict]:
        """Return a verdict for each situation."""
        ...

    def expect(self, texts: Sequence[str]) -> None:
        """Get ready for situations before which these texts were said."""
        ...


class ByMeaning:
    """Scores by the meaning of the words and what went before.

    Args:
        model: The model.
        encoder: The encoder that it was fitted with.
    """

    def __init__(self, model: RouteModel, encoder: Encoder) -> None:
        self._model, self._encoder, self.name = model, encoder, encoder.name

    def score(self, situations: Sequence[Situation]) -> list[Verdict]:
        """Return a verdict for each situation."""
        found, near = self._model.scores(encode(situations, self._encoder))
        rows = zip(found.destinations, found.shares, found.several, found.high, found.low, near, strict=True)
        return [Verdict(p, q, float(s), float(high), float(low), self._nearest(n)) for p, q, s, high, low, n in rows]

    def expect(self, texts: Sequence[str]) -> None:
        """Encode texts that the next situation will look back on, and see where they would have gone; both are kept."""
        self._model.expect(self._encoder.encode(texts, **EARLIER))

    def _nearest(self, near: Array) -> list[Neighbour]:
        best = np.argsort(-near)[:NEAREST]
        rows = [(self._model.rows[one], float(near[one])) for one in best]
        return [Neighbour(row["text"], row.get("to") or row["tasks"][0]["destination"], near) for row, near in rows]


class ByWords:
    """Scores by the letters of a message alone, where there is no encoder.

    Args:
        model: The model.
    """

    name = "letters"

    def __init__(self, model: WordModel) -> None:
        self._model = model

    def score(self, situations: Sequence[Situation]) -> list[Verdict]:
        """Return a verdict for each situation."""
        return [Verdict(one) for one in self._model.destinations([each.message for each in situations])]

    def expect(self, texts: Sequence[str]) -> None:
        """Do nothing: it does not look back."""


class LocalClassifier:
    """The classifier of a home.

    Args:
        scorer: Returns the scorer in force; called at every decision, so it keeps what is dear.
        settings: Returns the settings in force.
    """

    def __init__(self, scorer: Callable[[], Scorer], settings: Callable[[], RoutingSettings]) -> None:
        self._scorer, self._settings = scorer, settings

    async def judge(self, situation: Situation) -> Judgement:
        """Return what it makes of a situation, without holding up the event loop."""
        return await asyncio.to_thread(self.judge_now, situation)

    def expect(self, texts: Sequence[str]) -> None:
        """Get ready for the message that follows these, beside; with no texts, for any."""
        _beside().put(partial(self._expect, texts))

    def judge_now(self, situation: Situation) -> Judgement:
        """Return what it makes of a situation; blocks for some milliseconds.

        Raises:
            StoreError: If its model cannot be read.
            SettingError: If its settings are wrong.
        """
        scorer, settings = self._scorer(), self._settings()
        try:
            verdict = scorer.score([situation])[0]
        except ModelError:  # the encoder broke down: a model may still know
            verdict = NOTHING
        tasks, confidence = _one(situation, verdict)
        sure = settings.enough(tasks[0]["destination"], confidence)
        if verdict.several >= settings.perhaps and (wishes := wishes_of(situation, verdict, scorer, settings)):
            sure = False  # it may be several or one: a wrong guess loses one of them
            if wishes.score >= settings.several:
                tasks, confidence = wishes.tasks, wishes.confidence
                sure = confidence >= settings.together and all(settings.needed(one["destination"]) < 1 for one in tasks)
        return Judgement(
            tasks=tasks,
            confidence=round(confidence, 4),
            sure=sure,
            scores=_ranked(verdict.destinations),
            urgency=_urgency(verdict, settings),
            nearest=verdict.nearest,
            encoder=scorer.name,
            ask_model=settings.ask_model,
        )

    def _expect(self, texts: Sequence[str]) -> None:
        with contextlib.suppress(MetaHumanError):  # what is wrong is told when it is asked
            self._scorer().expect(texts)


@cache
def _beside() -> SimpleQueue[Callable[[], None]]:
    """Return where to put what nobody waits for: one thread does it all, and ends with the program."""
    work = SimpleQueue[Callable[[], None]]()

    def go() -> None:
        while True:
            work.get()()

    threading.Thread(target=go, name="metahuman-expect", daemon=True).start()
    return work


def _one(situation: Situation, verdict: Verdict) -> tuple[list[Task], float]:
    best = int(verdict.destinations.argmax())
    task = Task(destination=DESTINATIONS[best], task=situation.message)
    return [task], float(verdict.destinations[best])


def wishes_of(situation: Situation, verdict: Verdict, scorer: Scorer, settings: RoutingSettings) -> Wishes | None:
    """Return the wishes of a message, if it has several; None if it has one piece, or all its pieces go the same way.

    A destination counts by the piece that is surest of it, and by what the whole message is like: a piece may not be
    understood by itself ("then mail it"), and the whole may drown a wish that is short.
    """
    pieces = clauses(situation.message)
    if len(pieces) < 2:
        return None
    by_piece = np.array([one.destinations for one in scorer.score([Situation(piece) for piece in pieces])])
    if len({*by_piece.argmax(1).tolist()}) == 1:
        return None
    surest = by_piece.max(0)
    votes = surest + verdict.shares
    order = np.argsort(-votes)
    count = min(max(2, int((surest >= settings.clause).sum())), len(order) - 1)
    chosen, next_best = order[:count], order[count]
    confidence = float(np.clip(votes[chosen[-1]] - votes[next_best], 0, 1))
    score = verdict.several + SECOND * float(np.sort(surest)[-2])
    return Wishes(_shared_out(situation.message, pieces, by_piece, chosen), confidence, score)


def _shared_out(message: str, pieces: Sequence[str], by_piece: Array, chosen: Numbers) -> list[Task]:
    """Return a task for each of the chosen destinations, in the words of its pieces; without any, in those of all."""
    tasks: list[Task] = []
    for piece, shares in zip(pieces, by_piece, strict=True):
        destination = DESTINATIONS[chosen[int(shares[chosen].argmax())]]
        if tasks and tasks[-1]["destination"] == destination:
            tasks[-1]["task"] = rejoined(message, tasks[-1]["task"], piece)
        else:
            tasks.append(Task(destination=destination, task=piece))
    there = {task["destination"] for task in tasks}
    left = [DESTINATIONS[one] for one in chosen if DESTINATIONS[one] not in there]
    return [*tasks, *(Task(destination=destination, task=message) for destination in left)]


def _ranked(probabilities: Array) -> dict[Destination, float]:
    pairs = zip(DESTINATIONS, probabilities, strict=True)
    return {name: round(float(share), 4) for name, share in sorted(pairs, key=lambda pair: -pair[1])}


def _urgency(verdict: Verdict, settings: RoutingSettings) -> Urgency:
    if verdict.high >= settings.high:
        return "high"
    return "low" if verdict.low >= settings.low else "normal"
