"""A sentence encoder that needs no model, and small sets of examples for the classifier that it can tell apart."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metahuman.routing.classifier import LocalClassifier, Verdict
from metahuman.routing.examples import Example
from metahuman.routing.fitting import Lesson
from metahuman.routing.kernel import Array
from metahuman.routing.settings import RoutingSettings
from metahuman.state.parts import DESTINATIONS, Destination, Task
from metahuman.state.routing import Said, Situation

#: A word that tells each destination in the examples here, and words that tell nothing.
TELLING: Mapping[Destination, tuple[str, str, str]] = {
    "conversation": ("hello", "thanks", "lonely"),
    "memory": ("remember", "yesterday", "birthday"),
    "operator": ("download", "delete", "folder"),
    "coder": ("python", "function", "regex"),
    "planner": ("itinerary", "schedule", "milestones"),
    "summarizer": ("summary", "shorten", "gist"),
    "curator": ("duplicates", "merge", "dataset"),
    "dreamer": ("dream", "imagine", "surreal"),
}
FILLERS = ("please now", "for my sister", "the big one", "when you can", "about the garden", "once more")


class HashedEncoder:
    """Each word is a direction of its own, and a text the sum of its words."""

    def __init__(self, name: str = "hashed", wide: int = 64) -> None:
        self.name, self.wide = name, wide
        self.asked: list[tuple[str, int, int]] = []

    def encode(self, texts: Sequence[str], *, head: int = 320, tail: int = 160) -> Array:
        self.asked += [(text, head, tail) for text in texts]
        vectors = np.array([self._vector(text[: head + tail]) for text in texts], np.float32)
        return vectors.reshape(len(texts), self.wide)

    def _vector(self, text: str) -> Array:
        words = re.findall(r"\w+", text.casefold()) or [""]
        seeds = [zlib.crc32(word.encode("utf-8", "replace")) for word in words]
        vector = np.sum([np.random.default_rng(seed).normal(size=self.wide) for seed in seeds], axis=0)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


class ScriptedScorer:
    """Says of each text what it was told to say; of others, that it is talk for certain."""

    name = "script"

    def __init__(self, script: Mapping[str, tuple[Destination, float]], **scores: Any) -> None:
        self._script, self._scores = script, scores
        self.expected: list[str] = []

    def score(self, situations: Sequence[Situation]) -> list[Verdict]:
        return [self._verdict(one.message) for one in situations]

    def expect(self, texts: Sequence[str]) -> None:
        self.expected += texts

    def _verdict(self, text: str) -> Verdict:
        destination, share = self._script.get(text, ("conversation", 1.0))
        shares = np.full(len(DESTINATIONS), (1 - share) / (len(DESTINATIONS) - 1), np.float32)
        shares[DESTINATIONS.index(destination)] = share
        return Verdict(shares, **self._scores)


def example(text: str, to: Destination, *earlier: Said, group: str = "", own: bool = False) -> Example:
    """Return an example with a single wish; it is a group of its own unless one is named."""
    return Example(Situation(text, earlier), (Task(destination=to, task=text),), group=group or text, own=own)


def examples() -> list[Example]:
    """Return a set that can be told apart by its words: eighteen examples of each destination."""
    return [example(f"{word} {filler}", to) for to, words in TELLING.items() for word in words for filler in FILLERS]


def lesson(*more: Example) -> Lesson:
    """Return the set as a lesson, and more with it."""
    return Lesson.of([*examples(), *more], HashedEncoder())


def settings(**changes: object) -> RoutingSettings:
    """Return settings under which .6 is enough for every destination."""
    plain = {"thresholds": dict.fromkeys(DESTINATIONS, 0.6), "perhaps": 0.3, "several": 0.5, "together": 0.6}
    return RoutingSettings.model_validate(plain | {"clause": 0.4, "high": 0.5, "low": 0.5} | changes)


def scripted(
    script: Mapping[str, tuple[Destination, float]], rules: RoutingSettings | None = None, **scores: Any
) -> LocalClassifier:
    """Return a classifier whose scores are scripted."""
    scorer, rules = ScriptedScorer(script, **scores), rules or settings()
    return LocalClassifier(lambda: scorer, lambda: rules)


def write_lines(path: Path, *lines: str) -> Path:
    """Write a file of lines."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
