"""`metahuman persona voices`, `promote` and `rollback`: which voices there are, and which one speaks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.agreeing import agreed
from metahuman.cli.memory_home import json_option
from metahuman.cli.names import run_names
from metahuman.state.context import MODES

if TYPE_CHECKING:
    from rich.table import Table

    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock
    from metahuman.home import Home
    from metahuman.voice.gate import Gate


def _modes(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[str, ...]:
    """Read modes with commas between them."""
    modes = tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
    wrong = [mode for mode in modes if mode not in MODES]
    if wrong or not modes:
        raise click.BadParameter(f"{value!r}: name some of {', '.join(MODES)}, with commas between them")
    return modes


@click.command(short_help="See the voices that were trained, and which one speaks.")
@click.option(
    "--drop", "dropped", metavar="RUN", shell_complete=run_names, help="Delete a run for good, its adapter with it."
)
@click.option("--yes", is_flag=True, help="Do not ask before that.")
@json_option
@click.pass_obj
def voices(home: Home, *, dropped: str | None, yes: bool, as_json: bool) -> None:
    """See the voices that were trained: from what, how well, and in which modes they speak."""
    if dropped:
        _drop(home, dropped, yes=yes)
        return
    from metahuman.opening import open_registry
    from metahuman.voice.listing import listed

    told = listed(home, open_registry(home))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _show(told["voices"], told["problems"])


@click.command(short_help="Let a voice speak for the persona, if it passes the gate.")
@click.argument("name", metavar="[RUN]", required=False, shell_complete=run_names)
@click.option(
    "--modes", callback=_modes, default="emulation", show_default=True, help="In which modes, with commas between them."
)
@click.option("--anyway", metavar="REASON", default="", help="Though the gate says no; the reason is written down.")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts. It passes over nothing.")
@json_option
@click.pass_obj
def promote(home: Home, name: str | None, *, modes: tuple[str, ...], anyway: str, yes: bool, as_json: bool) -> None:
    """Let the voice of RUN, by default the newest, speak for the persona: shows what it has shown, and asks.

    A voice that leaks what it was trained on, or knows what is forgotten, is never let. `metahuman persona rollback`
    goes back.
    """
    from metahuman.opening import open_registry
    from metahuman.voice.gate import gate
    from metahuman.voice.promoting import promote as put_in_force
    from metahuman.voice.promoting import require
    from metahuman.voice.runs import find_run

    home.create()
    run = find_run(home, name)
    found = gate(run, open_registry(home))
    if as_json:
        click.echo(json.dumps({**found.as_json(), "modes": modes}, ensure_ascii=False, indent=2))
    else:
        _show_gate(found)
    require(found, anyway)
    if not (yes or agreed(f"Let {run.name} speak in {', '.join(modes)}?")):
        click.echo("nothing was changed", err=True)
        raise click.exceptions.Exit(1)
    audit, clock = _audited(home)
    put_in_force(home, run, found, modes=modes, anyway=anyway, audit=audit, clock=clock)
    if not as_json:
        click.echo(f"{run.name} speaks in {', '.join(modes)}; `metahuman persona rollback` goes back")


@click.command(short_help="Go back to the voice that spoke before.")
@json_option
@click.pass_obj
def rollback(home: Home, *, as_json: bool) -> None:
    """Go back to what the registry said before the latest voice was let speak; again goes further back.

    A voice on the way that is tainted or deleted is passed over.
    """
    from metahuman.opening import open_registry
    from metahuman.voice.promoting import rollback as go_back

    audit, clock = _audited(home)
    done = go_back(home, audit=audit, clock=clock)
    registry = open_registry(home)
    first = {mode: registry.resolve_model("persona", mode) for mode in MODES}
    speaks = {mode: model.model_id for mode, model in first.items() if model}
    if as_json:
        taken = [{"run": one.change.run, "at": one.change.at, "keys": one.keys} for one in done]
        click.echo(json.dumps({"takenBack": taken, "persona": speaks}, ensure_ascii=False, indent=2))
        return
    for one in done:
        click.echo(f"taken back: {one.change.run}, in force since {one.change.at}")
    click.echo(f"the persona is now {', '.join(f'{model} ({mode})' for mode, model in speaks.items())}")


def _drop(home: Home, name: str, *, yes: bool) -> None:
    from metahuman.voice.promoting import drop, require_droppable
    from metahuman.voice.runs import find_run

    run = find_run(home, name, finished=False)
    require_droppable(home, run)
    click.echo(f"{run.folder} is deleted for good: the adapter, what was found of it, and the votes on it", err=True)
    if not (yes or agreed("Delete?")):
        click.echo("nothing was deleted", err=True)
        raise click.exceptions.Exit(1)
    audit, _ = _audited(home)
    click.echo(f"{run.name}: deleted, {drop(home, run, audit=audit):,} files")


def _audited(home: Home) -> tuple[AuditLog, SystemClock]:
    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock

    clock = SystemClock()
    return AuditLog(home.audit, clock), clock


def _show(told: list[dict[str, Any]], problems: Iterable[str]) -> None:
    from rich.console import Console

    from metahuman.cli.text import plain
    from metahuman.voice.runs import NONE_YET
    from metahuman.voice.standing import REMEDY

    console = Console(highlight=False)
    console.print(_table(told) if told else NONE_YET, soft_wrap=not told)
    for one in told:
        if one["forgotten"] is not None:
            console.print(plain(f"{one['run']} is tainted: {REMEDY}"), style="yellow", markup=False, soft_wrap=True)
    for problem in problems:
        console.print(plain(problem), style="yellow", markup=False, soft_wrap=True)


def _table(told: list[dict[str, Any]]) -> Table:
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    from metahuman.cli.text import plain

    names = ("run", "dataset", "held-out loss", "score", "gate", "speaks in")
    table = Table(*(Column(name, overflow="fold") for name in names), box=box.SIMPLE_HEAD)
    for one in told:
        table.add_row(*(Text(plain(cell)) for cell in _cells(one)))
    return table


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    losses = [one["losses"].get(key) for key in ("heldOutBase", "heldOut")]
    loss = " → ".join(f"{value:.2f}" for value in losses if isinstance(value, int | float))
    score = f"{one['score']['value']:.2f}" if one["score"] else "—"
    gate = "passes" if one["passes"] else ", ".join(one["failing"])
    speaks = ", ".join(one["inForce"]) or ("registered" if one["registered"] else "—")
    state = " (tainted)" if one["forgotten"] is not None else "" if one["finished"] else " (not finished)"
    return f"{one['run']}{state}", one["dataset"], loss or "—", score, gate, speaks


def _show_gate(found: Gate) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from metahuman.cli.text import plain

    columns = (Column(name, overflow="fold") for name in ("", "asked", "found", "passes"))
    table = Table(*columns, box=box.SIMPLE_HEAD, title=Text(found.run), title_justify="left")
    for one in found.checks:
        mark = Text("yes", style="green") if one.passes else Text("no, for good" if one.strict else "no", style="red")
        table.add_row(one.name, one.asked, Text(plain(one.found)), mark)
    Console(highlight=False).print(table)
