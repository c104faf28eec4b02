"""Decides in milliseconds where a message goes, and says how sure it is."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from metahuman.routing.clauses import clauses, rejoined
from metahuman.routing.kernel import Array
from metahuman.routing.model import RouteModel
from metahuman.routing.settings import RoutingSettings
from metahuman.routing.situations import EARLIER, Encoder, encode
from metahuman.routing.words import WordModel
from metahuman.state.errors import MetaHumanError, ModelError
from metahuman.state.parts import DESTINATIONS, Destination, Task, Urgency
from metahuman.state.routing import Judgement, Neighbour, Situation

#: Examples named as the nearest.
NEAREST = 5


class Verdict(NamedTuple):
    """What a scorer makes of one situation: probabilities (8,), other scores, and the examples nearest to it."""

    destinations: Array
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
        rows = zip(found.destinations, found.several, found.high, found.low, near, strict=True)
        return [Verdict(one, float(s), float(high), float(low), self._nearest(n)) for one, s, high, low, n in rows]

    def expect(self, texts: Sequence[str]) -> None:
        """Encode texts that the next situation will look back on; the encoder keeps their vectors."""
        self._encoder.encode(texts, **EARLIER)

    def _nearest(self, near: Array) -> list[Neighbour]:
        best = np.argpartition(-near, NEAREST)[:NEAREST]
        order = best[np.argsort(-near[best])]
        rows = [(self._model.rows[one], float(near[one])) for one in order]
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
        """Get ready for the message that follows these, in a thread of its own; with no texts, for any."""
        threading.Thread(target=self._expect, args=(texts,), name="metahuman-expect", daemon=True).start()

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
        if verdict.several >= settings.perhaps and (parts := _several(situation, scorer, settings)):
            sure = False  # it may be several wishes, or one after all: a wrong guess loses one of them
            if verdict.several >= settings.several:
                tasks, confidence = parts
                enough = all(settings.enough(task["destination"], confidence) for task in tasks)
                sure = enough and confidence >= settings.together
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


def _one(situation: Situation, verdict: Verdict) -> tuple[list[Task], float]:
    best = int(verdict.destinations.argmax())
    task = Task(destination=DESTINATIONS[best], task=situation.message)
    return [task], float(verdict.destinations[best])


def _several(situation: Situation, scorer: Scorer, settings: RoutingSettings) -> tuple[list[Task], float] | None:
    """Return the wishes of a message and how sure each is at least; None if it is one wish after all."""
    pieces = clauses(situation.message)
    if len(pieces) < 2:
        return None
    verdicts = scorer.score([Situation(piece) for piece in pieces])
    tasks: list[Task] = []
    sure: list[float] = []
    for piece, verdict in zip(pieces, verdicts, strict=True):
        best = int(verdict.destinations.argmax())
        destination, confidence = DESTINATIONS[best], float(verdict.destinations[best])
        if tasks and (confidence < settings.clause or tasks[-1]["destination"] == destination):
            tasks[-1] = Task(
                destination=tasks[-1]["destination"], task=rejoined(situation.message, tasks[-1]["task"], piece)
            )
            sure[-1] = max(sure[-1], confidence if tasks[-1]["destination"] == destination else 0)
        else:
            tasks.append(Task(destination=destination, task=piece))
            sure.append(confidence)
    return (tasks, min(sure)) if len(tasks) > 1 else None


def _ranked(probabilities: Array) -> dict[Destination, float]:
    pairs = zip(DESTINATIONS, probabilities, strict=True)
    return {name: round(float(share), 4) for name, share in sorted(pairs, key=lambda pair: -pair[1])}


def _urgency(verdict: Verdict, settings: RoutingSettings) -> Urgency:
    if verdict.high >= settings.high:
        return "high"
    return "low" if verdict.low >= settings.low else "normal"
