"""What a score must not hide: reciting, repeating, and words in no order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from metahuman.training.proof.figures import rounded
from metahuman.training.proof.texts import Unit, word_count, words_of
from metahuman.training.proof.views import Views

#: Of what a model says: the share that may be copied; how much more of it than of the owner's may be said again; and
#: how much less than in the owner's texts the order of words may tell.
COPIED_SHARE, AGAIN, ORDER = 0.05, 0.15, 0.6
#: Words that distinct pairs are counted in.
COUNTED = 300


class Flag(NamedTuple):
    """Why a score is not to be trusted.

    Args:
        kind: "recites", "repeats" or "salad".
        told: It in words.
    """

    kind: str
    told: str


class Heard(NamedTuple):
    """What a source says in all, what of it is not copied, and what of that it had not said before."""

    all: Sequence[Unit]
    own: Sequence[Unit]
    kept: Sequence[Unit]


def varied(heard: Heard, views: Views, seed: int) -> dict[str, float]:
    """Return how varied a source is.

    Returns:
        `copied` and `again`, shares of its words; `distinct1` and `distinct2`, shares of words and of pairs that are
        new in its first words (Li et al. 2016, "A diversity-promoting objective function"); `order`, the bits a word
        that its order tells, beside the same words shuffled.
    """
    said, own, kept = (word_count(units) for units in heard)
    words = [word for one in heard.all for word in words_of(one.text)][:COUNTED]
    pairs = list(pairwise(words))
    return {
        "copied": rounded(1 - own / max(1, said)),
        "again": rounded(1 - kept / max(1, own)),
        "distinct1": rounded(len(set(words)) / max(1, len(words))),
        "distinct2": rounded(len(set(pairs)) / max(1, len(pairs))),
        "order": rounded(views.order(heard.kept, np.random.default_rng(seed))),
    }


def flags_of(found: Mapping[str, Any], owner: Mapping[str, Any]) -> list[Flag]:
    """Return why a model's score is not to be trusted, by what `varied` says of it and of the owner's texts."""
    flags = list[Flag]()
    if found["copied"] > max(COPIED_SHARE, 2 * owner["copied"]):
        flags.append(Flag("recites", f"{found['copied']:.0%} of its words are copied from the training texts"))
    if found["again"] > owner["again"] + AGAIN:
        flags.append(Flag("repeats", f"{found['again']:.0%} of its words repeat what it has said before"))
    if found["order"] < ORDER * owner["order"]:
        flags.append(Flag("salad", "its words stand in no order that tells anything"))
    return flags
