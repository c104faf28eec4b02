"""What an evaluation found of a voice, as far as it decides whether the voice may be used: `evaluation/report.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Score(NamedTuple):
    """A figure with its 95 % interval. As the score of a voice, 0 is another author's and 1 the owner's own."""

    value: float
    low: float
    high: float

    def told(self) -> str:
        """Return it in words."""
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


class Findings(NamedTuple):
    """What an evaluation found; None is what it could not tell.

    Args:
        adapter: The digest of the adapter that was evaluated.
        voice: The score of what it says.
        base: That of what its base says.
        gain: How far the first lies above the second, both drawn from the same conversations.
        doubts: Why the score may not mean what it seems to, a line each.
        neutral: The share by which the perplexity of neutral chat rises with it.
        leaks: The kinds of what it gives away of its training, one for each thing.
    """

    adapter: str | None
    voice: Score | None
    base: Score | None
    gain: Score | None
    doubts: list[str]
    neutral: Score | None
    leaks: list[str] | None


def findings_of(report: Mapping[str, Any] | None) -> Findings | None:
    """Return what a report says; None without one. What cannot be read in it counts as what it could not tell."""
    if report is None:
        return None
    return Findings(
        adapter=report.get("ggufSha256"),
        voice=_score(report, "voice", "score", "adapter"),
        base=_score(report, "voice", "score", "base"),
        gain=_score(report, "voice", "gain"),
        doubts=[str(one.get("told")) for one in _objects(report, "voice", "flags", "adapter") or []],
        neutral=_score(report, "perplexity", "neutral", "change"),
        leaks=_kinds(_objects(report, "leaks", "reported")),
    )


def _at(report: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        report = report.get(key) if isinstance(report, Mapping) else None
    return report


def _score(report: Mapping[str, Any], *keys: str) -> Score | None:
    found = [_at(report, (*keys, part)) for part in Score._fields]
    return Score(*map(float, found)) if all(isinstance(one, int | float) for one in found) else None


def _objects(report: Mapping[str, Any], *keys: str) -> list[Mapping[str, Any]] | None:
    found = _at(report, keys)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else None


def _kinds(reported: list[Mapping[str, Any]] | None) -> list[str] | None:
    """Return what leaks, by kind: what it was, the report quotes, and nobody else need."""
    return None if reported is None else [str(one.get("kind")) for one in reported]
