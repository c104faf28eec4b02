"""`metahuman audit verify`: whether the log is as it was written."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import json_option
from metahuman.cli.options import moment

if TYPE_CHECKING:
    from metahuman.audit.verifying import Verdict
    from metahuman.home import Home


@click.command(short_help="See whether the log is as it was written.")
@click.option("--since", callback=moment, metavar="WHEN", help="Only the days from then on; older ones may be gone.")
@click.option("--head", metavar="HASH", help="A head that you noted: the log must lead up to it.")
@json_option
@click.pass_obj
def verify(home: Home, *, since: datetime | None, head: str | None, as_json: bool) -> None:
    """Find what was edited, deleted, moved or added in the audit log since it was written.

    Each event is chained to the one before it by a hash. What that can show, and what not, is in docs/audit.md. Note
    the head that this prints where nobody who can write the home can change it, and give it to a later run. The exit
    code is 1 where something is wrong.
    """
    from metahuman.audit.verifying import verify as verified
    from metahuman.cli.progress import Bar
    from metahuman.state.files import whole

    noted = _hash(head)
    with contextlib.closing(Bar("audit log")) as bar:
        verdict = verified(home.audit, since=since, noted=noted, progress=bar.advance)
    if as_json:
        click.echo(json.dumps(whole(verdict.as_json()), ensure_ascii=False, indent=2))
    elif verdict.ok and not verdict.days:
        click.echo(f"No event in {home.audit} yet: talk with the twin first.")
    else:
        _tell(verdict)
    if not verdict.ok:
        raise click.exceptions.Exit(1)


def _hash(head: str | None) -> str | None:
    if head is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", head):
        raise click.BadParameter(
            "give the 64 hexadecimal digits that `metahuman audit verify` printed", param_hint="--head"
        )
    return head and head.lower()


def _tell(verdict: Verdict) -> None:
    from metahuman.cli.text import plain

    for place in verdict.places:
        where = f"{place.file}:{place.line}" if place.line else place.file
        click.echo(plain(f"{where}: {place.what}: {place.told}"))
    if verdict.more:
        click.echo(f"… and {verdict.more:,} more places")
    counted = ", ".join(f"{count:,} {what}" for what, count in verdict.counts.items())
    found = f"The log is not as it was written: {counted}" if counted else "The log is as it was written"
    click.echo(plain(f"{found}: {'; '.join(_facts(verdict))}"))


def _facts(verdict: Verdict) -> list[str]:
    facts = [f"days {verdict.days:,}, events {verdict.events:,}, head {verdict.head.hash}"]
    if verdict.noted is not None:
        facts.append(f"the head that you noted is that of event {verdict.noted:,}")
    if verdict.unchained:
        facts.append(f"unchained until {verdict.until or 'the chain began'}, lines {verdict.unchained:,}")
    if verdict.unfinished:
        facts.append(f"unfinished lines of programs that were cut short: {verdict.unfinished:,}")
    return facts
