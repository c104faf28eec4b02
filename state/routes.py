"""Routes: what a model is asked to fill in, and how an answer or a judgement becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from pydantic import BaseModel, Field

from metahuman.state.parts import DecidedBy, Destination, Route, Task, Urgency
from metahuman.state.routing import Judgement
from metahuman.state.topics import intent_of, topics_of


class TaskAnswer(BaseModel):
    """One thing the message asks for; no words of its own means the whole message."""

    destination: Destination
    task: str = Field("", max_length=400)
    after: list[int] | None = Field(
        None, max_length=8, description="Numbers of the tasks whose results it is made from, the first task being 1."
    )


class RouteAnswer(BaseModel):
    """What the orchestrator's model is asked to fill in; what it leaves out is read off the message."""

    tasks: list[TaskAnswer] = Field(min_length=1, max_length=8)
    topics: list[str] = Field(default_factory=list, max_length=3)
    intent: str = Field("", max_length=120)
    focus: str = Field("", max_length=120)
    urgency: Urgency | None = None
    confidence: float | None = Field(None, ge=0, le=1)


def route_to(
    message: str,
    decided_by: DecidedBy,
    tasks: Sequence[Task],
    confidence: float = 1,
    urgency: Urgency = "normal",
    why: str | None = None,
) -> Route:
    """Return the route of a message; its topics, intent and focus are read off its words."""
    topics = topics_of(message)
    return Route(
        tasks=list(tasks),
        topics=topics,
        intent=intent_of(message),
        focus=topics[0] if topics else "",
        urgency=urgency,
        confidence=confidence,
        decidedBy=decided_by,
        why=why,
        latencyMs=0,
    )


def answered(answer: RouteAnswer, message: str, judged: Judgement) -> Route:
    """Return the model's route; what it does not say, the message and the classifier do."""
    tasks = [_task(one, message) for one in answer.tasks]
    share = judged.scores.get(tasks[0]["destination"], 0)
    confidence = share if answer.confidence is None else answer.confidence
    route = route_to(message, "model", tasks, confidence, answer.urgency or judged.urgency)
    told = {"topics": answer.topics, "intent": answer.intent, "focus": answer.focus}
    return cast(Route, route | {key: value for key, value in told.items() if value})


def _task(answer: TaskAnswer, message: str) -> Task:
    task = Task(destination=answer.destination, task=answer.task or message)
    return task if answer.after is None else Task(**task, after=[number - 1 for number in answer.after])


def guessed(message: str, judged: Judgement, why: str | None) -> Route:
    """Return the classifier's best guess, with talk in place of tools: nothing is done on a guess."""
    talk: Destination = "conversation"
    tasks = [task | {"destination": talk} if task["destination"] == "operator" else task for task in judged.tasks]
    return route_to(message, "fallback", tasks, judged.confidence, judged.urgency, why)
