"""`metahuman route retrain`, `rollback` and `corrections`: what the classifier learns from its owner."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.routing.retrain import Retrained
    from metahuman.routing.versions import Versions
    from metahuman.state.events import AuditEvent


@click.command(short_help="Fit the classifier anew to your corrections.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as one JSON object.")
@click.pass_obj
def retrain(home: Home, *, as_json: bool) -> None:
    """Fit the classifier anew to the shipped examples and your corrections.

    It is kept only if it is no worse on the shipped examples than without your corrections, each judged by a
    classifier that had not seen it. `metahuman route rollback` goes back to the one before.
    """
    from dataclasses import asdict

    from rich.console import Console

    from metahuman.corrections import corrections_of
    from metahuman.deciding import RoutingEncoder
    from metahuman.routing.retrain import retrain as fit
    from metahuman.state.events import route_retrained

    with _alone(home), Console(stderr=True).status("fitting and measuring …"):
        done = fit(corrections_of(home), _versions(home), RoutingEncoder())
        details = asdict(done)
        kept = details.pop("kept")
        _write_down(home, route_retrained(details, kept=kept))
    if as_json:
        click.echo(json.dumps({**details, "kept": kept}, indent=2))
    else:
        click.echo(told(done))


@click.command(short_help="Go back to the classifier before the one in force.")
@click.pass_obj
def rollback(home: Home) -> None:
    """Go back to the classifier that was in force before the last `metahuman route retrain`."""
    from metahuman.state.events import route_rolled_back

    with _alone(home):
        versions = _versions(home)
        before = versions.current
        after = versions.roll_back()
        _write_down(home, route_rolled_back(before, after))
    click.echo(f"In force again: {after}, instead of {before}.")


@click.command(short_help="List your corrections.")
@click.option("--json", "as_json", is_flag=True, help="Print them as one JSON object.")
@click.pass_obj
def corrections(home: Home, *, as_json: bool) -> None:
    """List what you said where messages ought to have gone."""
    from metahuman.corrections import corrections_of

    found = corrections_of(home)
    examples, rows = found.examples(), found.rows()
    if as_json:
        click.echo(json.dumps({"file": str(found.path), "corrections": rows}, ensure_ascii=False, indent=2))
        return
    if not rows:
        click.echo("No corrections yet: say `/wrong tools` after a turn that went wrong.")
        return
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from metahuman.cli.route_show import one_line

    table = Table("when", "goes to", Column("message", overflow="fold", ratio=1))
    for row, example in zip(rows, examples, strict=True):
        said = Text(one_line(example.situation.message))
        table.add_row(one_line(str(row.get("timestamp", "—"))[:16]), " + ".join(example.destinations), said)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"{found.path} · you may edit it; `metahuman route retrain` learns from it", style="dim", markup=False
    )


def told(done: Retrained) -> str:
    """Return what came of fitting anew, in a few sentences."""
    shares = f"{done.after:.2%} of the shipped examples are right while unseen ({done.before:.2%} without corrections)"
    learned = f"{done.learned} of {done.corrections} corrections"
    if done.kept:
        return f"Kept: it has learned {learned}, and {shares}. In force: {done.version}."
    return f"Not kept: it has learned {learned}, but only {shares}. Still in force: {done.version}."


@contextlib.contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Hold the home's classifiers; whoever comes second is told, and need not wait."""
    from filelock import Timeout

    from metahuman.state.errors import StoreError
    from metahuman.state.files import make_folder, private_lock

    home.create()
    lock = private_lock(make_folder(home.locks) / "routing.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        busy = "another `metahuman route` is changing the classifier"
        raise StoreError(home.routing, busy, "wait until it has ended") from None
    try:
        yield
    finally:
        lock.release()


def _write_down(home: Home, event: AuditEvent) -> None:
    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock

    AuditLog(home.audit, SystemClock()).record(event)


def _versions(home: Home) -> Versions:
    from metahuman.routing.versions import Versions

    return Versions(home.routing / "models")
