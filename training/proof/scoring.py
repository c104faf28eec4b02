"""The voice score: how far a voice has come from other authors (0) to the owner's own other texts (1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from metahuman.training.proof.figures import interval, rounded
from metahuman.training.proof.once import COPIED, not_copied, runs_of, said_once
from metahuman.training.proof.texts import Unit, groups_of, word_count
from metahuman.training.proof.variety import Flag, Heard, flags_of, varied
from metahuman.training.proof.views import VIEWS, Seen, Vector, Views

#: Words below which nothing is said: of the owner's to learn from, of every text that is judged.
LEAST_LEARNED, LEAST_JUDGED = 1_500, 300
#: Words of each draw at most, and how often is drawn.
DRAW, DRAWS = 600, 200
AUTHOR = "author "


class Voices(NamedTuple):
    """What is judged, and beside what.

    Args:
        trained: The owner's texts that were trained on.
        held_out: The owner's texts that were not.
        samples: What the models said to the held-out prompts, by the model's name: "base" and "adapter".
        others: Other authors' texts by name.
    """

    trained: Sequence[Unit]
    held_out: Sequence[Unit]
    samples: Mapping[str, Sequence[Unit]]
    others: Mapping[str, Sequence[Unit]]


def scored(voices: Voices, seed: int = 1) -> dict[str, Any]:
    """Return the voice score of each model, with its interval and what it rests on.

    Args:
        voices: What is judged.
        seed: Of the draws.

    Returns:
        `score` by model, or None with `why` where there is too little text.
    """
    heard, others = _heard(voices)
    words = {name: word_count(one.kept) for name, one in heard.items()}
    counted = {"trained": word_count(voices.trained), **words}
    if why := _too_little(voices, words):
        return {"score": None, "why": why, "words": counted}
    views = Views(voices.trained, others)
    seen = {name: views.see(one.kept) for name, one in heard.items()}
    seen |= {f"{AUTHOR}{name}": views.see(units, name) for name, units in others.items()}
    groups = {name: groups_of(one.kept) for name, one in heard.items()}
    size = min(DRAW, *(int(one.words.sum() * 0.8) for one in seen.values()))
    found = _placed(_drawn(views, seen, groups, size, seed), list(voices.samples))
    variety = {name: varied(one, views, seed) for name, one in heard.items()}
    flags = {name: [*map(_told, flags_of(variety[name], variety["owner"]))] for name in voices.samples}
    return {**found, "why": None, "words": {**counted, "draw": size}, "variety": variety, "flags": flags}


def _told(flag: Flag) -> dict[str, str]:
    return flag._asdict()


def _heard(voices: Voices) -> tuple[dict[str, Heard], dict[str, list[Unit]]]:
    """Return what counts of each source, and of the other authors."""
    trained = runs_of(voices.trained, COPIED)

    def heard(units: Sequence[Unit]) -> Heard:
        own = not_copied(units, trained)
        return Heard(units, own, said_once(own))

    sources = {"owner": voices.held_out, **voices.samples}
    others = {name: heard(units).kept for name, units in voices.others.items()}
    return {name: heard(units) for name, units in sources.items()}, {name: [*kept] for name, kept in others.items()}


def _too_little(voices: Voices, words: Mapping[str, int]) -> str | None:
    if not voices.samples:
        return "nobody asked the models for samples"
    if (count := word_count(voices.trained)) < LEAST_LEARNED:
        return f"the training texts have {count} words; {LEAST_LEARNED} are needed to know a voice"
    if len(voices.others) < 3:
        return "there are fewer than three other authors to compare with"
    names = {"owner": "the held-out texts"} | {name: f"the samples of the {name}" for name in voices.samples}
    few = [name for name, count in words.items() if count < LEAST_JUDGED]
    told = (f"{names[name]} have {words[name]} words" for name in few)
    return f"{', '.join(told)} that count; {LEAST_JUDGED} are needed" if few else None


def _drawn(
    views: Views, seen: Mapping[str, Seen], groups: Mapping[str, list[list[int]]], size: int, seed: int
) -> dict[str, Vector]:
    """Return the likeness of draws of so many words from each source: draws x views.

    The draws are of one size, because a long text is more like its author than a short one. Conversations are drawn
    with replacement (Efron 1979), so that the interval says what other conversations would have given.
    """
    random = np.random.default_rng(seed)
    found = dict[str, Vector]()
    for name, one in seen.items():
        pools = groups.get(name, [list(range(len(one.words)))])
        found[name] = np.stack([views.likeness(one, _draw(one, pools, size, random)) for _ in range(DRAWS)])
    return found


def _draw(one: Seen, pools: Sequence[Sequence[int]], size: int, random: np.random.Generator) -> list[int]:
    chosen = {place for group in random.integers(len(pools), size=len(pools)) for place in pools[group]}
    rest = [place for place in range(len(one.words)) if place not in chosen]
    order = [*random.permutation(sorted(chosen)), *random.permutation(rest)]
    total, taken = 0.0, list[int]()
    for place in order:
        if total >= size:
            break
        taken.append(int(place))
        total += one.words[int(place)]
    return taken


def _placed(drawn: Mapping[str, Vector], samples: Sequence[str]) -> dict[str, Any]:
    """Return where each source stands between floor and ceiling."""
    floors = [name for name in drawn if name.startswith(AUTHOR)] + [name for name in samples if name == "base"]
    floor = np.mean([drawn[name].mean(0) for name in floors], axis=0)
    ceiling = drawn["owner"].mean(0)
    span = np.where(np.abs(ceiling - floor) < 1e-9, np.nan, ceiling - floor)
    places = {name: (values - floor) / span for name, values in drawn.items()}
    scores = {name: np.clip(values, 0, 1).mean(1) for name, values in places.items()}
    views = {
        view: {
            "floor": rounded(floor[number]),
            "ceiling": rounded(ceiling[number]),
            **{name: rounded(places[name][:, number].mean()) for name in samples},
        }
        for number, view in enumerate(VIEWS)
    }
    authors = {name.removeprefix(AUTHOR): interval(scores[name]).told() for name in floors if name != "base"}
    told = {name: interval(scores[name]).told() for name in samples}
    gain = {"gain": interval(scores["adapter"] - scores["base"]).told()} if {"adapter", "base"} <= told.keys() else {}
    return {"score": told, **gain, "owner": interval(scores["owner"]).told(), "authors": authors, "views": views}
