"""What a model goes on with by itself: the longest run of a training answer that it says word by word.

A model that is given the beginning of an answer, and always says its likeliest token, recites so many words as there
are tokens in a row that are its likeliest. All beginnings are tried in one pass. (Carlini et al. 2023, "Quantifying
Memorization Across Neural Language Models", there with one beginning for each text.)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from metahuman.training.learning.rows import Row
from metahuman.training.proof.copying import KNOWN, LONGEST
from metahuman.training.proof.once import covered, runs_of
from metahuman.training.proof.perplexity import Reads
from metahuman.training.proof.texts import unit, words_of


def continued(rows: Sequence[Row], reads: Reads, tokenizer: Any) -> dict[str, Any]:
    """Return how long the runs are that each of the two goes on with, and which only the adapter does.

    Args:
        rows: Rows.
        reads: What the two made of them.
        tokenizer: The base's.
    """
    runs = {
        which: [_longest(row, read.hits, tokenizer) for row, read in zip(rows, found, strict=True)]
        for which, found in reads.items()
    }
    told: dict[str, Any] = {
        which: {
            "longest": max(map(len, found), default=0),
            "share": sum(len(one) >= LONGEST for one in found) / max(1, len(found)),
        }
        for which, found in runs.items()
    }
    only = [
        " ".join(mine)
        for mine, theirs in zip(runs["adapter"], runs["base"], strict=True)
        if len(mine) >= LONGEST and len(theirs) < LONGEST
    ]
    return {**told, "runs": sorted(only, key=len, reverse=True), "rows": len(rows)}


def _longest(row: Row, hits: Any, tokenizer: Any) -> list[str]:
    """Return the words of the longest run that the model says by itself; what the prompt has is no memory."""
    start, best = 0, (0, 0)
    for hit, several in groupby(bool(one) for one in hits):
        length = sum(1 for _ in several)
        if hit and length > best[1] - best[0]:
            best = start, start + length
        start += length
    words = words_of(tokenizer.decode(row.answer[best[0] : best[1]], skip_special_tokens=True))
    asked = runs_of([unit(tokenizer.decode(row.prompt, skip_special_tokens=True))], KNOWN)
    known = covered(words, KNOWN, asked.__contains__)
    return [word for place, word in enumerate(words) if place not in known]
