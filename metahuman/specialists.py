"""Which specialist a task is for."""

from __future__ import annotations

from functools import lru_cache

from metahuman.deciding import home_classifier
from metahuman.home import Home, find_home
from metahuman.routing.classifier import LocalClassifier
from metahuman.state.parts import DESTINATIONS, SPECIALISTS, Specialist
from metahuman.state.routing import Situation

#: Characters of either end of a long text.
END = 150


def detect_specialist_type(text: str, home: Home | None = None) -> Specialist | None:
    """Return the specialist that a task is for, or None if it is for none: the classifier's likeliest destination.

    What a long text wants stands at its beginning or its end, whatever is pasted between: both are judged beside the
    whole, and all three have a say.

    Args:
        text: The task, in the owner's words.
        home: Whose classifier judges; the owner's own home by default.

    Raises:
        StoreError: If the classifier cannot be read.
    """
    classifier = _classifier(home or find_home())
    judged = [classifier.judge_now(Situation(part)).scores for part in _parts(text)]
    likeliest = max(DESTINATIONS, key=lambda name: sum(scores[name] for scores in judged))
    return likeliest if likeliest in SPECIALISTS else None


def _parts(text: str) -> list[str]:
    return [text] if len(text) <= 2 * END else [text, text[:END], text[-END:]]


@lru_cache(1)
def _classifier(home: Home) -> LocalClassifier:
    return home_classifier(home)
