"""Themes: what memories keep coming back to, the more often and the more lately, the heavier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from metahuman.state.ages import seconds_between
from metahuman.state.counting import counted, counts, faded, rank, weight_after
from metahuman.state.words_of import name_of

#: Larger numbers in a file are mistakes.
MOST = 1e9
#: A theme below this weight is no longer on anyone's mind: a single mention falls below it after some seven weeks.
FADED = 0.1


def mentioned(theme: object, name: str, memory: str | None, at: str) -> dict[str, Any] | None:
    """Return a theme after one more mention, or None if that memory was counted already.

    `frequency` says how often it came up, `weight` how much of that has not faded as of `lastSeen`.

    Args:
        theme: The theme before: an object, a text, or None.
        name: What to call a new one.
        memory: The id of the memory that is about it.
        at: When that was made.
    """
    record: dict[str, Any] = theme if isinstance(theme, dict) else {}
    if not counts(record, memory, at):
        return None
    weight = weight_after(_weight(theme) if theme else 0.0, record.get("lastSeen"), at)
    more = {"frequency": int(positive(record.get("frequency"), 0)) + 1, "weight": round(weight, 6)}
    return {**record, "theme": name_of(theme) or name, **more, **counted(record, memory, at)}


def by_weight(themes: Iterable[Any], undated: str) -> list[Any]:
    """Return themes with the heaviest first, whenever one looks; one without a date counts as of `undated`."""
    return sorted(themes, key=lambda one: -rank(_weight(one), _seen(one) or undated))


def weight_at(theme: object, moment: str) -> float:
    """Return how much weight a theme has left at a moment."""
    silence = seconds_between(_seen(theme), moment) or 0.0
    return _weight(theme) * faded(max(0.0, silence))


def current(themes: Iterable[Any], moment: str) -> list[Any]:
    """Return the themes that have not faded at a moment, the heaviest first."""
    return [one for one in by_weight(themes, moment) if weight_at(one, moment) >= FADED]


def positive(value: object, default: float) -> float:
    """Return a number of a file's if it is one above 0, else the default."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < MOST
    return float(cast(float, value)) if good else default


def _weight(theme: object) -> float:
    """Return a theme's weight as of its `lastSeen`; one of MetaHuman OS's weighs what it was counted."""
    record: Mapping[str, Any] = theme if isinstance(theme, dict) else {}
    return positive(record.get("weight"), positive(record.get("frequency"), 1.0))


def _seen(theme: object) -> object:
    return theme.get("lastSeen") if isinstance(theme, dict) else None
