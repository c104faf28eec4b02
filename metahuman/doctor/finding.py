"""What a look found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from metahuman.home import Home
from metahuman.state.errors import MetaHumanError

#: A problem keeps something from working; a warning may, or shows something to people whom it does not concern.
Level = Literal["ok", "warning", "problem"]
#: What was left longer ago than this was left by a crash, not by a program at work.
OLD_SECONDS = 86_400


@dataclass(frozen=True)
class Finding:
    """What one look found, in one line.

    Args:
        level: How bad it is.
        told: What was found.
        remedy: What can be typed or done; empty where nothing is to be done.
        fixed: Whether `--fix` has just mended it.
    """

    level: Level
    told: str
    remedy: str = ""
    fixed: bool = False

    def as_json(self, check: str) -> dict[str, Any]:
        """Return it as part of the report."""
        return {"check": check, "level": self.level, "told": self.told, "remedy": self.remedy, "fixed": self.fixed}


@dataclass(frozen=True)
class Look:
    """What is looked at.

    Args:
        home: The home, which need not be there.
        fix: Whether what is safe to mend is mended.
        now: The moment, with a time zone.
    """

    home: Home
    fix: bool
    now: datetime


Check = Callable[[Look], Iterator[Finding]]


def ok(told: str) -> Finding:
    """Return that something is as it should be."""
    return Finding("ok", told)


def warning(told: str, remedy: str) -> Finding:
    """Return something that may go wrong."""
    return Finding("warning", told, remedy)


def problem(told: str, remedy: str) -> Finding:
    """Return something that is wrong."""
    return Finding("problem", told, remedy)


def of_error(error: MetaHumanError, level: Level = "problem") -> Finding:
    """Return an error as a finding: what is wrong, and apart from it what to do."""
    remedy = str(getattr(error, "remedy", ""))
    return Finding(level, str(error).removesuffix(f"; {remedy}"), remedy)


def mended(told: str) -> Finding:
    """Return what was wrong until now."""
    return Finding("ok", told, fixed=True)


def some(names: list[str], most: int = 3) -> str:
    """Return a few names of many, in words."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
