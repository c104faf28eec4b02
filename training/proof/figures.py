"""Figures with their intervals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def told(self) -> dict[str, float]:
        """Return it as the report has it."""
        return {"value": rounded(self.value), "low": rounded(self.low), "high": rounded(self.high)}


def interval(draws: Any, value: float | None = None) -> Interval:
    """Return the mean of draws, or `value`, and between which figures 95 % of them lie."""
    low, high = np.percentile(draws, (2.5, 97.5))
    return Interval(float(np.mean(draws)) if value is None else value, float(low), float(high))


def rounded(value: float) -> float:
    """Return a figure of a report: nobody reads more than four digits behind the point."""
    return round(float(value), 4)
