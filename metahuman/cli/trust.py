"""`metahuman trust`: how far the operator is trusted, and what it has earned."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from metahuman.state.context import TRUSTS

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.state.context import Mode, Trust
    from metahuman.tools.promotion import Condition, Event, Ladder, Proposal

#: Emulation has no tools, and so no level.
TRUSTED = ("dual", "agent")
#: How far back the audit log is read, in days; more where a threshold looks further back.
DAYS = 180

mode_option = click.option(
    "--mode", type=click.Choice(TRUSTED), help="Whose level.  [default: of the mode the twin is in]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")


@dataclass(frozen=True)
class Standing:
    """How far the operator is trusted in a mode, and what it has earned.

    Args:
        mode: The mode.
        level: The level in `etc/trust.json`.
        ceiling: What `persona/decision-rules.json` allows at most, if it says so.
        conditions: What the next step up takes, and how that stands.
        proposal: The step that the audit log speaks for, if any.
    """

    mode: str
    level: Trust
    ceiling: Trust | None
    conditions: list[Condition]
    proposal: Proposal | None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        proposal = self.proposal and self.proposal._asdict()
        conditions = [one._asdict() for one in self.conditions]
        place = {"mode": self.mode, "level": self.level, "ceiling": self.ceiling}
        return {**place, "conditions": conditions, "proposal": proposal}


@click.group(invoke_without_command=True, short_help="Show and set how far the operator is trusted.")
@click.pass_context
def trust(ctx: click.Context) -> None:
    """Show how far the operator is trusted, and what it has earned; alone, the same as `show`."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@trust.command()
@mode_option
@json_option
@click.pass_obj
def show(home: Home, *, mode: Mode | None = None, as_json: bool = False) -> None:
    """Show the level, and what the next one takes."""
    found = _standing(home, mode)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(found)


@trust.command()
@mode_option
@json_option
@click.pass_obj
def propose(home: Home, *, mode: Mode | None, as_json: bool) -> None:
    """Say which step the audit log speaks for, up or down, with its figures. Nothing is changed."""
    found = _standing(home, mode)
    if as_json:
        click.echo(json.dumps(found.as_json()["proposal"], ensure_ascii=False, indent=2))
        return
    _tell(found)


@trust.command()
@mode_option
@click.pass_obj
def accept(home: Home, *, mode: Mode | None) -> None:
    """Take the step that `propose` proposes."""
    found = _standing(home, mode)
    if found.proposal is None:
        raise click.ClickException(f"nothing is proposed in {found.mode} mode; `metahuman trust` says what it takes")
    _change(home, found, found.proposal.level, list(found.proposal.why))


@trust.command(name="set")
@click.argument("level", metavar=f"[{'|'.join(TRUSTS)}]", type=click.Choice(TRUSTS))
@mode_option
@click.pass_obj
def set_level(home: Home, level: Trust, *, mode: Mode | None) -> None:
    """Set the level, whatever was earned."""
    _change(home, _standing(home, mode), level, ["set by hand"])


def _standing(home: Home, mode: Mode | None) -> Standing:
    """Return how the operator stands in a mode: by default in the owner's own, and in dual where that has no tools."""
    from metahuman.clock import SystemClock
    from metahuman.tools import promotion
    from metahuman.tools.policy.settings import TrustFiles

    files = TrustFiles(home.root)
    force, chosen = files.read(), mode or _own_mode(home)
    ladder = promotion.ladder_of(files.own, force.part("ladder"))
    now = SystemClock().now()
    events = _events(home, ladder, now)
    level: Trust = getattr(force.settings.trust, chosen)
    found = promotion.evidence(events, chosen)
    recent = promotion.evidence(promotion.recent_of(events, ladder, now), chosen)
    return Standing(
        chosen,
        level,
        force.rules.ceiling,
        promotion.conditions(level, found, ladder, now),
        promotion.propose(level, found, recent, ladder, now),
    )


def _own_mode(home: Home) -> str:
    from metahuman.opening import open_memory

    mode = open_memory(home).persona.mode()
    return mode if mode in TRUSTED else TRUSTED[0]


def _events(home: Home, ladder: Ladder, now: datetime) -> list[Event]:
    from metahuman.audit.reader import read
    from metahuman.tools.promotion import EVENTS, Event

    since = now - timedelta(days=max(DAYS, ladder.clean_days + 1, ladder.recent_days + 1))
    entries = ((entry.moment, entry.get("event"), entry.details) for entry in read(home.audit, since=since))
    return [Event(at, name, details) for at, name, details in entries if at and name in EVENTS]


def _change(home: Home, found: Standing, level: Trust, why: list[str]) -> None:
    """Write the level down, audit it, and say so."""
    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock
    from metahuman.state.tool_events import trust_changed
    from metahuman.tools.policy.settings import TrustFiles
    from metahuman.tools.promotion import write_level

    if level == found.level:
        click.echo(f"{found.mode}: {level} already")
        return
    home.create()
    write_level(TrustFiles(home.root).own, found.mode, level)
    AuditLog(home.audit, SystemClock()).record(trust_changed(found.mode, found.level, level, why))
    click.echo(f"{found.mode}: {found.level} -> {level}")


def _print(found: Standing) -> None:
    from rich.console import Console
    from rich.table import Table

    held = f"; persona/decision-rules.json allows {found.ceiling} at most" if found.ceiling else ""
    console = Console(highlight=False)
    console.print(f"{found.mode}: {found.level}{held}", markup=False)
    if found.conditions:
        table = Table("what the next level takes", "now", "wanted", "")
        for one in found.conditions:
            table.add_row(one.what, one.stands, one.wanted, "yes" if one.met else "not yet")
        console.print(table)
    _tell(found)


def _tell(found: Standing) -> None:
    if found.proposal is None:
        click.echo(f"Nothing is proposed for {found.mode} mode.")
        return
    click.echo(f"Proposed for {found.mode} mode: {found.proposal.way}, from {found.level} to {found.proposal.level}")
    for reason in found.proposal.why:
        click.echo(f"- {reason}")
    click.echo("`metahuman trust accept` takes the step.")
