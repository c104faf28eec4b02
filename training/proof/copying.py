"""What a model recites: the longest runs of words that stand in the training texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metahuman.training.proof.figures import rounded
from metahuman.training.proof.once import COPIED, Run, covered, runs_of
from metahuman.training.proof.texts import Unit, words_of

#: Words in a row that nobody says by chance. A shorter run, though none below `once.COPIED`, for a voice has phrases of
#: its own, counts where it is this share of an answer of so many words.
LONGEST, SHARE, ANSWER = 12, 0.4, 10
#: Words that are looked up together: a run of more is one whose every part is known.
KNOWN = 6


@dataclass(frozen=True)
class Copied:
    """What of an answer stands in the training texts.

    Args:
        words: The longest run.
        of: Words that the answer has.
    """

    words: tuple[str, ...]
    of: int

    @property
    def tells(self) -> bool:
        """Whether that is more than chance."""
        length = len(self.words)
        return length >= LONGEST or (self.of >= ANSWER and length >= max(COPIED, SHARE * self.of))


def known_runs(trained: Sequence[Unit]) -> set[Run]:
    """Return the runs of the training texts, for `longest`."""
    return runs_of(trained, KNOWN)


def longest(text: str, known: set[Run]) -> Copied:
    """Return the longest run of words of a text that stands in the training texts.

    Args:
        text: An answer.
        known: See `known_runs`.
    """
    words = words_of(text)
    places, best, start = sorted(covered(words, KNOWN, known.__contains__)), (0, 0), 0
    for number, place in enumerate(places):
        if number and place != places[number - 1] + 1:
            start = number
        if number - start + 1 > best[1] - best[0]:
            best = places[start], place + 1
    return Copied(tuple(words[best[0] : best[1]]), len(words))


def recited(samples: Mapping[str, Sequence[str]], trained: Sequence[Unit]) -> dict[str, Any]:
    """Return what each model recites in its answers, and what only the one with the adapter does.

    Args:
        samples: Answers by model; those of "base" are to the same prompts as those of "adapter".
        trained: The training texts.
    """
    known = known_runs(trained)
    found = {name: [longest(text, known) for text in texts] for name, texts in samples.items()}
    told: dict[str, Any] = {
        name: {
            "longest": max((len(one.words) for one in copied), default=0),
            "share": rounded(sum(one.tells for one in copied) / max(1, len(copied))),
        }
        for name, copied in found.items()
    }
    base = {one.words for one in found.get("base", ()) if one.tells}
    runs = {one.words for one in found.get("adapter", ()) if one.tells} - base
    return {**told, "runs": [" ".join(run) for run in sorted(runs, key=len, reverse=True)]}
