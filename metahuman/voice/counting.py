"""What the votes on a voice come to: how often it won, how sure that is, and how many more votes would settle it.

The interval is Wilson's (1927, J. Am. Stat. Assoc. 22), at 95 %. The test is the two-sided sign test: an exact binomial
one over the votes that chose a side (Dixon and Mood 1946, J. Am. Stat. Assoc. 41). With ties as half a win, the same
interval is taken over all votes; ties vary less than wins do, so that one is wider than it need be.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from metahuman.voice.blind import Ab, Voter

#: The normal distribution's two-sided 95 % quantile.
Z = 1.959963984540054
#: Beyond so many votes, nobody will ever vote enough to tell.
TOO_MANY = 10_000


class Rate(NamedTuple):
    """A share of wins, between 0 and 1.

    Args:
        value: The share.
        low: The lower end of its 95 % interval.
        high: The upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Count:
    """What one kind of voter said.

    Args:
        voice: How often the answer with the voice was better.
        base: How often the one without it.
        ties: How often they were equally good.
        neither: How often neither was any good: a tie, too.
        skipped: How often nothing was said.
        left: How many pairs wait.
    """

    voice: int
    base: int
    ties: int
    neither: int
    skipped: int
    left: int

    @property
    def decided(self) -> int:
        """How many votes chose a side."""
        return self.voice + self.base

    @property
    def rate(self) -> Rate | None:
        """How often the voice won where a side was chosen; None where none was."""
        return wilson(self.voice, self.decided)

    @property
    def rate_with_ties(self) -> Rate | None:
        """How often it won with each tie as half a win; None without votes."""
        ties = self.ties + self.neither
        return wilson(self.voice + ties / 2, self.decided + ties)

    @property
    def p(self) -> float | None:
        """How likely a vote at least as lopsided is where both are equally good; None where no side was chosen."""
        return sign_test(self.voice, self.decided)

    @property
    def needed(self) -> int | None:
        """How many more choices would settle it, at the share it has now; None where that cannot be told."""
        total = votes_needed(self.voice, self.decided)
        return None if total is None else max(total - self.decided, 0)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        rates = {"winRate": self.rate, "winRateWithTies": self.rate_with_ties}
        counts = {key: getattr(self, key) for key in ("voice", "base", "ties", "neither", "skipped", "left")}
        told = {key: rate and rate._asdict() for key, rate in rates.items()}
        return {**counts, **told, "p": self.p, "moreVotesNeeded": self.needed}


@dataclass(frozen=True)
class Result:
    """What a comparison came to. What a judge says never counts as a person's word.

    Args:
        run: The run's name.
        pairs: How many pairs of answers there are.
        alike: How many of them are the same words twice: nobody is asked about these.
        by: What each kind of voter said.
    """

    run: str
    pairs: int
    alike: int
    by: Mapping[Voter, Count]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        counts: dict[str, Any] = {voter: count.as_json() for voter, count in self.by.items()}
        return {"run": self.run, "pairs": self.pairs, "alike": self.alike, **counts}


def result(ab: Ab) -> Result:
    """Return what the votes of a comparison come to."""
    alike = sum(pair.alike for pair in ab.sheet.pairs)
    voters: tuple[Voter, ...] = ("person", "judge")
    return Result(ab.sheet.run, len(ab.sheet.pairs), alike, {voter: _count(ab, voter) for voter in voters})


def _count(ab: Ab, by: Voter) -> Count:
    said = Counter(ab.said(by).values())
    return Count(said["voice"], said["base"], said["tie"], said["neither"], said["skip"], len(ab.waiting(by)))


def wilson(wins: float, of: int) -> Rate | None:
    """Return a share with Wilson's 95 % interval; None of nothing.

    Args:
        wins: How many were won; halves are allowed.
        of: Of how many.
    """
    if not of:
        return None
    share, square = wins / of, Z * Z / of
    middle = (share + square / 2) / (1 + square)
    half = Z / (1 + square) * math.sqrt(share * (1 - share) / of + square / (4 * of))
    return Rate(share, max(middle - half, 0.0), min(middle + half, 1.0))


def sign_test(wins: int, of: int) -> float | None:
    """Return the two-sided p of `wins` in `of` fair tosses; None of nothing."""
    if not of:
        return None
    tail = sum(math.comb(of, count) for count in range(max(wins, of - wins), of + 1))
    return float(min(1.0, 2 * tail / 2**of))


def votes_needed(wins: int, of: int) -> int | None:
    """Return how many votes of this share keep one half out of Wilson's interval; None for a half, or for too many.

    That interval is the score test turned round: it leaves out one half where (share - 1/2)^2 > Z^2 / 4n.
    """
    if not of or 2 * wins == of:
        return None
    needed = math.floor(Z * Z / 4 / (wins / of - 0.5) ** 2) + 1
    return needed if needed <= TOO_MANY else None
