"""Which specialist a task is for."""

from __future__ import annotations

from functools import lru_cache

from metahuman.deciding import home_classifier
from metahuman.home import Home, find_home
from metahuman.routing.classifier import LocalClassifier
from metahuman.state.parts import SPECIALISTS, Specialist
from metahuman.state.routing import Situation


def detect_specialist_type(text: str, home: Home | None = None) -> Specialist | None:
    """Return the specialist that a task is for, or None if it is for none: the classifier's likeliest destination.

    Args:
        text: The task, in the owner's words.
        home: Whose classifier judges; the owner's own home by default.

    Raises:
        StoreError: If the classifier cannot be read.
    """
    likeliest = next(iter(_classifier(home or find_home()).judge_now(Situation(text)).scores))
    return likeliest if likeliest in SPECIALISTS else None


@lru_cache(1)
def _classifier(home: Home) -> LocalClassifier:
    return home_classifier(home)
