"""The time zone of this machine, with the offset that each day has there.

`datetime.astimezone()` gives the offset of one moment: a date in winter, reckoned with that of summer, is an hour off.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


class LocalTime(tzinfo):
    """The time zone that the system is set to."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        """Return the offset from UTC at a moment."""
        return _of_system(moment).utcoffset() if moment else None

    def tzname(self, moment: datetime | None) -> str | None:
        """Return what the zone is called at a moment, such as CET."""
        return _of_system(moment).tzname() if moment else None

    def dst(self, moment: datetime | None) -> timedelta | None:
        """Return nothing: the system tells the whole offset only."""
        return None

    def fromutc(self, moment: datetime) -> datetime:
        """Return a moment, given in UTC, in this zone."""
        there = moment.replace(tzinfo=UTC).astimezone()
        first = there.replace(tzinfo=self)
        # When clocks go back, an hour comes twice: `fold` tells which of the two it is.
        return first if first.utcoffset() == there.utcoffset() else first.replace(fold=1)


def _of_system(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None).astimezone()


HERE = LocalTime()
