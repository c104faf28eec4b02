"""How old something is that a file dates."""

from __future__ import annotations

from datetime import UTC, datetime


def moment_of(text: object) -> datetime | None:
    """Return the moment that a file names, or None where it names none; without a time zone it is UTC's."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def seconds_between(earlier: object, later: object) -> float | None:
    """Return the seconds from one moment of a file's to another; None where one of them is no moment."""
    first, last = moment_of(earlier), moment_of(later)
    return (last - first).total_seconds() if first and last else None
