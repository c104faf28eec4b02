"""How well a model foresees texts, with the adapter and without."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from metahuman.training.learning.rows import Row
from metahuman.training.proof.figures import interval
from metahuman.training.proof.pair import BOTH, Read, Which

DRAWS = 1_000

Reads = Mapping[Which, Sequence[Read]]


def perplexity(rows: Sequence[Row], reads: Reads, seed: int = 1) -> dict[str, Any] | None:
    """Return the perplexity of rows with 95 % intervals, and how much the adapter changes it; None without rows.

    The interval is that of the bootstrap (Efron 1979) over conversations: rows of one conversation are not independent.

    Args:
        rows: The rows.
        reads: What each of the two made of them.
        seed: Of the draws.
    """
    if not rows:
        return None
    groups = sorted({row.talk for row in rows})
    place = {group: number for number, group in enumerate(groups)}
    sums = {which: np.zeros(len(groups)) for which in BOTH}
    tokens = np.zeros(len(groups))
    for number, row in enumerate(rows):
        tokens[place[row.talk]] += len(row.answer)
        for which in BOTH:
            sums[which][place[row.talk]] += reads[which][number].losses.sum()
    drawn = np.random.default_rng(seed).integers(len(groups), size=(DRAWS, len(groups)))
    means = {which: sums[which][drawn].sum(1) / tokens[drawn].sum(1) for which in BOTH}
    whole = {which: float(sums[which].sum() / tokens.sum()) for which in BOTH}
    told: dict[str, Any] = {which: interval(np.exp(means[which]), math.exp(whole[which])).told() for which in BOTH}
    change = np.exp(means["adapter"] - means["base"]) - 1
    told["change"] = interval(change, math.exp(whole["adapter"] - whole["base"]) - 1).told()
    return {**told, "rows": len(rows), "groups": len(groups), "tokens": int(tokens.sum())}


def membership(trained: Reads, held_out: Reads) -> float | None:
    """Return how well what was trained on can be told from what was not; .5 is not at all, 1 is always.

    It is the area under the curve of an attack that looks at how much cheaper the adapter made each row than the base
    finds it (Carlini et al. 2022, "Membership Inference Attacks From First Principles", with one reference model).

    Args:
        trained: What the two made of rows that were trained on.
        held_out: What they made of rows that were not.
    """
    inside, outside = _falls(trained), _falls(held_out)
    if not len(inside) or not len(outside):
        return None
    above = (inside[:, None] > outside[None]).mean() + 0.5 * (inside[:, None] == outside[None]).mean()
    return float(above)


def _falls(reads: Reads) -> Any:
    pairs = zip(reads["base"], reads["adapter"], strict=True)
    return np.array([base.losses.mean() - adapter.losses.mean() for base, adapter in pairs])
