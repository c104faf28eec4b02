"""What a model recites: the longest runs of words that stand in the training texts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metahuman.training.proof.figures import rounded
from metahuman.training.proof.once import COPIED, Run, runs
from metahuman.training.proof.texts import Unit, words_of

#: Words in a row that nobody says by chance. A shorter run, though none below `once.COPIED`, for a voice has phrases of
#: its own, counts where it is this share of an answer of so many words.
LONGEST, SHARE, ANSWER = 12, 0.4, 10
#: Words that are looked up together: what is shorter is chance.
KNOWN = 6
#: Where the runs of `KNOWN` words stand in the training texts: which text, and at which word.
Places = Mapping[Run, Collection[tuple[int, int]]]


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


def known_runs(trained: Sequence[Unit]) -> Places:
    """Return where the runs of the training texts stand, for `longest`."""
    found = dict[Run, set[tuple[int, int]]]()
    for number, one in enumerate(trained):
        for place, run in enumerate(runs(words_of(one.text), KNOWN)):
            found.setdefault(run, set()).add((number, place))
    return found


def longest(text: str, known: Places) -> Copied:
    """Return the longest run of words of a text that stands so in one training text.

    Args:
        text: An answer.
        known: See `known_runs`.
    """
    words, best, end = words_of(text), 0, 0
    lengths = dict[tuple[int, int], int]()  # of the runs whose last part stands at a place
    for start, run in enumerate(runs(words, KNOWN)):
        lengths = {(one, at): lengths.get((one, at - 1), KNOWN - 1) + 1 for one, at in known.get(run, ())}
        if (length := max(lengths.values(), default=0)) > best:
            best, end = length, start + KNOWN
    return Copied(tuple(words[end - best : end]), len(words))


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
