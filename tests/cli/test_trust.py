"""Tests of `metahuman trust`: what it shows, proposes, changes and refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from metahuman.audit.log import AuditLog
from metahuman.audit.reader import read
from metahuman.cli.trust import trust
from metahuman.home import Home
from metahuman.state.events import AuditEvent
from tests.homes import files


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(trust, arguments, obj=Home(home))


class Past:
    """A clock that stands some days ago."""

    def __init__(self, days: float) -> None:
        self.days = days

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=self.days)

    def milliseconds(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        pass


def happened(home: Path, days: float, event: str, details: Mapping[str, Any]) -> None:
    AuditLog(home / "logs" / "audit", Past(days)).record(AuditEvent(event, "human", details))


def earned(home: Path) -> None:
    """Let a home be one whose operator suggested well."""
    (home / "etc").mkdir()
    (home / "etc" / "trust.json").write_text('{"trust": {"dual": "suggest"}, "mine": 1}')
    for number in range(20):
        answer = {"approved": True, "by": "human", "risk": "medium", "edited": False}
        happened(home, 20 - number, "approval_answered", answer)


def test_a_fresh_home_is_shown_and_left_alone(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.exit_code, done.output.splitlines()[0]) == (0, "dual: supervised_auto")
    assert "Nothing is proposed for dual mode." in done.output
    assert run(tmp_path, "show").output == done.output
    assert run(tmp_path, "propose").output == "Nothing is proposed for dual mode.\n"
    assert files(tmp_path) == {}
    refused = run(tmp_path, "accept")
    assert refused.exit_code == 1
    assert "nothing is proposed in dual mode; `metahuman trust` says what it takes" in refused.output


def test_what_was_earned_is_proposed_and_a_person_accepts(tmp_path: Path) -> None:
    earned(tmp_path)
    found = json.loads(run(tmp_path, "propose", "--json").output)
    assert (found["way"], found["level"]) == ("up", "supervised_auto")
    assert "suggestions approved: 20 of 20 (at least 80%)" in run(tmp_path, "propose").output
    assert json.loads((tmp_path / "etc" / "trust.json").read_text())["trust"] == {"dual": "suggest"}
    assert run(tmp_path, "accept").output == "dual: suggest -> supervised_auto\n"
    assert json.loads((tmp_path / "etc" / "trust.json").read_text()) == {
        "trust": {"dual": "supervised_auto"},
        "mine": 1,
    }
    (event,) = read(tmp_path / "logs" / "audit", event="trust_changed")
    assert (event["actor"], event["category"]) == ("human", "security")
    assert (event.details["before"], event.details["after"], event.details["mode"]) == (
        "suggest", "supervised_auto", "dual",
    )  # fmt: skip
    assert event.details["why"] == found["why"]
    assert json.loads(run(tmp_path, "show", "--json").output)["proposal"] is None, "it starts anew at each level"


def test_a_level_is_set_whatever_was_earned(tmp_path: Path) -> None:
    assert run(tmp_path, "set", "observe", "--mode", "agent").output == "agent: supervised_auto -> observe\n"
    assert run(tmp_path, "set", "observe", "--mode", "agent").output == "agent: observe already\n"
    assert len(list(read(tmp_path / "logs" / "audit", event="trust_changed"))) == 1
    assert run(tmp_path, "show", "--mode", "agent").output.startswith("agent: observe\n")
    assert run(tmp_path, "show").output.startswith("dual: supervised_auto\n")
    assert run(tmp_path, "set", "everything").exit_code == 2


def test_what_the_owners_rules_allow_at_most_is_said(tmp_path: Path) -> None:
    (tmp_path / "persona").mkdir()
    (tmp_path / "persona" / "decision-rules.json").write_text('{"trustLevel": "suggest"}')
    assert "persona/decision-rules.json allows suggest at most" in run(tmp_path).output
