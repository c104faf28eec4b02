"""Which specialist a task is for."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from metahuman.deciding import home_classifier
from metahuman.home import Home, find_home
from metahuman.routing.classifier import LocalClassifier
from metahuman.state.parts import DESTINATIONS, SPECIALISTS, Specialist
from metahuman.state.routing import Situation

#: Characters that either end of a long text has, unless its one sentence is longer; of that one, twice as many.
END = 150
#: What the whole of a long text says weighs half: it is mostly what was pasted.
WHOLE = 0.5
_SENTENCE_ENDS = re.compile(r"(?<=[.!?:])\s+|\n+")


def detect_specialist_type(text: str, home: Home | None = None) -> Specialist | None:
    """Return the specialist that a task is for, or None if it is for none: the classifier's likeliest destination.

    What a long text wants stands in its first or its last sentences, whatever is pasted between: both are judged
    beside the whole, and all three have a say.

    Args:
        text: The task, in the owner's words.
        home: Whose classifier judges; the owner's own home by default.

    Raises:
        StoreError: If the classifier cannot be read.
    """
    classifier = _classifier(home or find_home())
    judged = [(share, classifier.judge_now(Situation(part)).scores) for share, part in _parts(text)]
    likeliest = max(DESTINATIONS, key=lambda name: sum(share * scores[name] for share, scores in judged))
    return likeliest if likeliest in SPECIALISTS else None


def _parts(text: str) -> list[tuple[float, str]]:
    if len(text) <= 2 * END:
        return [(1, text)]
    sentences = [sentence for sentence in _SENTENCE_ENDS.split(text) if sentence.strip()] or [text]
    first, last = " ".join(_fitting(sentences)), " ".join(_fitting(sentences[::-1])[::-1])
    return [(WHOLE, text), (1, first[: 2 * END]), (1, last[-2 * END :])]


def _fitting(sentences: list[str]) -> list[str]:
    """Return the first sentence, and those after it that there is room for."""
    room = itertools.accumulate(len(sentence) for sentence in sentences)
    return sentences[: max(1, sum(1 for _ in itertools.takewhile(END.__ge__, room)))]


@lru_cache(1)
def _classifier(home: Home) -> LocalClassifier:
    return home_classifier(home)
