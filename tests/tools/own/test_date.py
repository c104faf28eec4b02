"""The date, the time elsewhere, and how long it is until then."""

from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.state.errors import ToolError
from metahuman.tools.own.date import Date, run
from tests.tools.own.desks import desk


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Date(), "Monday 23 November 2026 (2026-11-23, week 48), 12:21 CET (UTC+0100)"),
        (Date(date="2026-12-24"), "Thursday 24 December 2026 (2026-12-24, week 52): in 31 days"),
        (Date(date="yesterday"), "Sunday 22 November 2026 (2026-11-22, week 47): yesterday"),
        (
            Date(add="-2 weeks"),
            "-2 weeks added: Monday 9 November 2026 (2026-11-09, week 46), 12:21 CET (UTC+0100): 14 days ago",
        ),
        (
            Date(date="2026-01-31", add="1 month"),
            "1 month added: Saturday 28 February 2026 (2026-02-28, week 9): 268 days ago",
        ),
        (
            Date(date="today", until="2026-12-24"),
            "from 2026-11-23 to 2026-12-24: 31 days, which is 4 weeks and 3 days, 23 of them Monday to Friday",
        ),
        (Date(date="today", until="yesterday"), "from 2026-11-23 to 2026-11-22: -1 day, 0 of them Monday to Friday"),
        (
            Date(date="2026-11-23T09:00", until="2026-11-24T10:30"),
            "from 2026-11-23 to 2026-11-24: 1 day, 1 of them Monday to Friday; to the minute: 25 hours 30 minutes",
        ),
        (Date(zone="Asia/Tokyo"), "in Asia/Tokyo: Monday 23 November 2026 (2026-11-23, week 48), 20:21 JST (UTC+0900)"),
        (
            Date(date="2026-12-01 20:00", zone="new york"),
            "in America/New_York: Tuesday 1 December 2026 (2026-12-01, week 49), 14:00 EST (UTC-0500)",
        ),
    ],
)
async def test_what_is_told(tmp_path: Path, asked: Date, told: str) -> None:
    done = await run(asked, desk(tmp_path))
    assert done.text.split("\n")[-1] == told
    assert done.trusted


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Date(date="whenever"), "no day or time"),
        (Date(until="whenever"), "no day or time"),
        (Date(add="a lot"), "say for example 90 days"),
        (Date(add="999999 years"), "leads out of the calendar"),
        (Date(zone="Tokio"), "did you mean Asia/Tokyo"),
        (Date(zone="../../etc/passwd"), "no time zone is called"),
        (Date(zone="\x00"), "no time zone is called"),
    ],
)
async def test_what_cannot_be_told_is_said(tmp_path: Path, asked: Date, why: str) -> None:
    with pytest.raises(ToolError, match=why):
        await run(asked, desk(tmp_path))
