"""Plain BM25, which recall is measured beside."""

from __future__ import annotations

import math
import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from benchmarks.memory_sets import Life, Question, Turn

#: The usual constants (Robertson and Zaragoza, 2009).
K1, B = 1.5, 0.75
#: How many memories a question brings.
BEST = 10


def plain(life: Life, *, context: bool) -> Callable[[Question], list[str]]:
    """Return what finds the ids of a question's best memories by plain BM25 over each turn, with who said it.

    Args:
        life: The memories.
        context: Whether the turn before and the date are put to each.
    """
    texts = [_words(f"{turn.document.speaker} {turn.text}") for turn in life.turns]
    if context:
        before = [[], *texts]
        dates = [_words(time.strftime("%d %B, %Y", time.gmtime(turn.document.at))) for turn in life.turns]
        texts = [
            (before[place] if _follows(life.turns, place) else []) + text + dates[place]
            for place, text in enumerate(texts)
        ]
    lengths = [len(text) for text in texts]
    mean = statistics.fmean(lengths)
    holders: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, text in enumerate(texts):
        for word, count in Counter(text).items():
            holders[word].append((place, count))

    def find(question: Question) -> list[str]:
        scores: dict[int, float] = defaultdict(float)
        for word in set(_words(question.text)) & holders.keys():
            rarity = math.log(1 + (len(texts) - len(holders[word]) + 0.5) / (len(holders[word]) + 0.5))
            for place, count in holders[word]:
                scores[place] += rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * lengths[place] / mean))
        order = sorted(scores, key=lambda place: (-scores[place], place))
        return [life.turns[place].document.id for place in order[:BEST]]

    return find


def _follows(turns: Sequence[Turn], place: int) -> bool:
    return place > 0 and turns[place - 1].document.thread == turns[place].document.thread


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
