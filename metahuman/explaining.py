"""What is explained of a message: the decision that a turn would come to, and what it rests on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.runtime import Runtime

from metahuman.home import Home
from metahuman.nodes.orchestrator import orchestrator
from metahuman.routing.settings import load_settings
from metahuman.state.context import Mode, TurnContext
from metahuman.state.events import AuditEvent, ModelCall
from metahuman.state.parts import Destination, Route, ShortTerm
from metahuman.state.routing import Classifier, Judgement, Said, Situation
from metahuman.state.services import Services
from metahuman.wiring import HomeServices, open_services

ROLE = "orchestrator"
#: A guess until the model was asked, which it was not.
GUESS = "the model was not asked; this is the classifier's guess"


class Question(NamedTuple):
    """What is to be explained: a message, what went before it, and the mode it is said in."""

    text: str
    earlier: Sequence[Said]
    known: ShortTerm
    mode: Mode | None

    @property
    def messages(self) -> list[AnyMessage]:
        """The conversation; the message is its last."""
        said = [HumanMessage(text) if who == "owner" else AIMessage(text) for who, text in self.earlier]
        return [*said, HumanMessage(self.text, id="explained")]


class Answer(NamedTuple):
    """What the orchestrator's model made of the message, and the record of its call if it got so far."""

    route: Route
    call: ModelCall | None


@dataclass(frozen=True)
class Explained:
    """A decision and its grounds.

    Args:
        mode: The mode it was made in.
        route: The decision; where a model decides that was not asked, the classifier's guess.
        judged: What the classifier makes of the message; None where it is not asked.
        needed: The confidence that it takes to do without a model.
        thresholds: The same, by destination, for a message with a single task.
        milliseconds: What the classifier took.
        loading: What it took to load before that.
        model_id: The model that a turn asks first, if it asks one.
        answer: What came of asking; None unless that was wanted.
    """

    mode: Mode
    route: Route
    judged: Judgement | None
    needed: float
    thresholds: dict[Destination, float]
    milliseconds: float
    loading: float
    model_id: str | None
    answer: Answer | None

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        model = {
            "modelId": self.model_id,
            "answer": self.answer and self.answer.route,
            "call": self.answer and self.answer.call,
        }
        return {
            "mode": self.mode,
            "route": self.route,
            "classifier": self._classifier() if self.judged else None,
            "model": model if self.model_id or self.answer else None,
        }

    def _classifier(self) -> dict[str, Any]:
        judged = cast(Judgement, self.judged)
        return {
            "tasks": judged.tasks,
            "confidence": judged.confidence,
            "needed": self.needed,
            "sure": judged.sure,
            "scores": judged.scores,
            "thresholds": self.thresholds,
            "nearest": [one._asdict() for one in judged.nearest],
            "encoder": judged.encoder,
            "latencyMs": round(self.milliseconds, 2),
            "loadMs": round(self.loading, 2),
        }


async def explain(home: Home, question: Question, *, ask: bool) -> Explained:
    """Return the decision that a turn of this home comes to: the orchestrator's own, on its own services.

    Args:
        home: The home.
        question: What is to be explained.
        ask: Whether to ask the orchestrator's model, also where the classifier is sure; that call is audited.

    Raises:
        StoreError: If the classifier cannot be read.
        SettingError: If a setting is wrong.
    """
    services = open_services(home)
    try:
        return await _explain(home, question, services, ask=ask)
    finally:
        await services.models.aclose()
        services.audit.close()


async def _explain(home: Home, question: Question, services: HomeServices, *, ask: bool) -> Explained:
    mode = question.mode or await services.memory.current_mode()
    overheard = _Overheard(services.classifier)
    alone = replace(services, classifier=overheard, audit=_Unwritten())
    route, _ = await _routed(question, mode, alone)
    judged, answer, model_id = overheard.judged, None, None
    if judged and (ask or (judged.ask_model and not judged.sure)):
        model_id = next((one.model_id for one in services.registry().asked(mode)[ROLE]), None)
    if judged and ask:
        overheard.changes = {"sure": False, "ask_model": True}
        answer = Answer(*await _routed(question, mode, alone))
    if judged and model_id and judged.ask_model and not judged.sure:
        guess = {**route, "tasks": judged.tasks, "decidedBy": "model", "why": GUESS}
        route = answer.route if answer else cast(Route, guess)
    needed, thresholds = _needed(home, judged) if judged else (0.0, {})
    taken = overheard.milliseconds, overheard.loading
    return Explained(mode, route, judged, needed, thresholds, *taken, model_id, answer)


def _needed(home: Home, judged: Judgement) -> tuple[float, dict[Destination, float]]:
    settings = load_settings(home.setting("routing.json"))
    thresholds = {name: settings.needed(name) for name in judged.scores}
    alone = thresholds[judged.tasks[0]["destination"]]
    return (settings.together if len(judged.tasks) > 1 else alone), thresholds


async def _routed(question: Question, mode: Mode, services: Services) -> tuple[Route, ModelCall | None]:
    """Return what the orchestrator decides, and the model call that it made."""
    runtime = Runtime(context=TurnContext(mode=mode))
    done = await orchestrator(
        {"messages": question.messages, "shortTerm": question.known}, runtime, {}, services=services
    )
    return done["route"], next((one["call"] for one in done["calls"]), None)


class _Overheard:
    """A classifier whose judgement is kept, timed once it is loaded, and passed on with changes: no model is asked."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.changes: dict[str, Any] = {"ask_model": False}
        self.judged: Judgement | None = None
        self.loading = self.milliseconds = 0.0

    async def judge(self, situation: Situation) -> Judgement:
        """Return its judgement of a situation, changed."""
        if self.judged is None:
            self.loading = (await self._timed(Situation("")))[1]
            self.judged, self.milliseconds = await self._timed(situation)
        return replace(self.judged, **self.changes)

    def expect(self, texts: Sequence[str]) -> None:
        """Do nothing: nothing follows."""

    async def _timed(self, situation: Situation) -> tuple[Judgement, float]:
        started = time.perf_counter()
        judged = await self._classifier.judge(situation)
        return judged, (time.perf_counter() - started) * 1000


class _Unwritten:
    """An audit for what does not happen: the explained decision. The model's call, if one is made, is written."""

    def record(self, event: AuditEvent) -> None:
        """Do nothing."""

    async def arecord(self, event: AuditEvent) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
