"""The card of a dataset: what is in it, where that is from, and by which settings it was chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from metahuman.memory.dataset.choosing import Chosen, Weighed
from metahuman.memory.dataset.gates import gates_version
from metahuman.memory.dataset.settings import BuilderSettings
from metahuman.memory.dataset.tainting import FILES, digest_of, side_of, told

#: The number of this form of card.
FORM = 2
#: The upper ends of the groups that ages are told in, in half-lives.
GROUPS = (0.5, 1, 2, 4, 8)


def card_of(
    name: str,
    settings: BuilderSettings,
    asked: Mapping[str, Any],
    chosen: Chosen,
    contents: Mapping[str, bytes],
    counts: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a card. It says nothing of the time or machine of its making: the same dataset has the same card.

    Args:
        name: The dataset's name.
        settings: What the owner's file says.
        asked: What was asked for instead.
        chosen: The pairs.
        contents: What each file of the dataset holds.
        counts: What was there, and what of it was left out for which reason.
    """
    about = [one.row["metadata"] for one in chosen.rows]
    return {
        "name": name,
        "form": FORM,
        "versions": {"metahuman": metadata.version("metahuman"), "gates": gates_version()},
        "settings": settings.model_dump(mode="json", by_alias=True, exclude={"description"}) | dict(asked),
        **counts,
        "sides": {side: _side(chosen.rows, side) for side in FILES},
        "agesFrom": chosen.newest,
        "ages": ages(chosen.rows, float(asked["halfLifeDays"])),
        "sources": dict(sorted(Counter(str(one.get("type", "conversation")) for one in about).items())),
        "words": dict(sorted(Counter(_words(one) for one in about).items())),
        "curators": dict(sorted(Counter(_maker(one.get("curator")) for one in about).items())),
        "files": {file: told(contents[file]) for file in FILES.values()},
        "sha256": digest_of(contents),
        "memoryIds": sorted({one["sourceId"] for one in about}),
    }


def ages(rows: Sequence[Weighed], half_life: float) -> list[dict[str, Any]]:
    """Return how many pairs there are of each age, and what they weigh together."""
    groups, start = [], 0.0
    for end in (*GROUPS, float("inf")):
        inside = [one for one in rows if start <= one.age / half_life < end]
        until = None if end == float("inf") else _short(end * half_life)
        weight = _short(sum(one.weight for one in inside))
        groups.append({"from": _short(start * half_life), "to": until, "pairs": len(inside), "weight": weight})
        start = end
    return groups


def _side(rows: Sequence[Weighed], side: str) -> dict[str, int]:
    return side_of([one.row["metadata"] for one in rows if one.row["metadata"]["split"] == side])


def _words(about: Mapping[str, Any]) -> str:
    """Return whose words a row has, and who put the question to them if nobody did in a talk."""
    return f"{about.get('words', 'own')}{', ' + about['side'] if about.get('side') else ''}"


def _maker(curator: Any) -> str:
    """Return who curated, in a word: a model, or the rules."""
    found = curator if isinstance(curator, dict) else {}
    return next((str(found[key]) for key in ("model", "modelId", "how") if found.get(key)), "unknown")


def _short(value: float) -> float:
    return float(f"{value:.6g}")
