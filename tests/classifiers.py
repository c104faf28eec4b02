"""A classifier that knows what a test tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from metahuman.state.parts import Destination, Task
from metahuman.state.routing import Judgement, Situation


@dataclass
class FakeClassifier:
    """Is sure of what it was told, and of nothing else."""

    known: dict[str, Judgement] = field(default_factory=dict)
    judged: list[Situation] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    async def judge(self, situation: Situation) -> Judgement:
        self.judged.append(situation)
        return self.known.get(situation.message) or judgement(situation.message, "conversation", confidence=0.2)

    def expect(self, texts: Sequence[str]) -> None:
        self.expected += texts


def judgement(message: str, *to: Destination, confidence: float = 0.9, **more: Any) -> Judgement:
    tasks = [Task(destination=destination, task=message) for destination in to]
    return Judgement(tasks, confidence, confidence >= 0.6, {to[0]: confidence}, **more)
