"""`metahuman status`: who answers for which role, and whether they can."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from metahuman.home import Home
    from metahuman.status import RoleStatus, Status


@click.command(short_help="Show who answers for which role, and whether they can.")
@click.option("--json", "as_json", is_flag=True, help="Print the status as one JSON object.")
@click.pass_obj
def status(home: Home, *, as_json: bool) -> None:
    """Show who answers for which role, whether they can right now, and how they did last."""
    from metahuman.state.background import background
    from metahuman.status import collect

    home.create()
    found = background.run(collect(home))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    from metahuman.cli.text import plain

    console = Console(highlight=False)
    console.print(_roles(found))
    for problem, model_ids in _problems(found).items():
        console.print(f"{problem}: {', '.join(model_ids)}", style="yellow", markup=False)
    for voice in found.tainted:
        console.print(plain(voice.told()), style="yellow", markup=False, soft_wrap=True)
    console.print(
        f"\nhome {found.home} · registry {found.registry} · mode {found.mode} · "
        f"memories {found.memories} · threads {found.threads}",
        style="dim",
        markup=False,
    )


def _roles(found: Status) -> Table:
    from rich.table import Table

    table = Table("role", "model", "answers now", "last call", title="LLM roles", title_justify="left")
    for role, one in found.roles.items():
        table.add_row(role, one.first.model if one.first else "off in this mode", _now(role, one), _last(one))
    return table


def _now(role: str, one: RoleStatus) -> str:
    if one.first is None:
        return "—"
    if one.answering is None:
        return "[yellow]nobody: all is conversation[/]" if role == "orchestrator" else "[red]nobody[/]"
    if one.answering is one.first:
        return "[green]yes[/]"
    return f"[yellow]fallback:[/] {one.answering.model_id}"


def _last(one: RoleStatus) -> str:
    call = one.last_call
    if call is None:
        return "—"
    # An older system wrote such events with fewer fields.
    how = "[red]failed[/]" if call.get("error") else "[yellow]fallback[/]" if call.get("fallback") else "[green]ok[/]"
    took = call.get("latencyMs")
    return f"{how} {took:.0f} ms" if isinstance(took, int | float) else how


def _problems(found: Status) -> dict[str, list[str]]:
    """Return each problem with the models it keeps from answering: a server that is down is told once."""
    problems: dict[str, list[str]] = {}
    for model_id, problem in {
        key: value for one in found.roles.values() for key, value in one.problems.items()
    }.items():
        problems.setdefault(problem, []).append(model_id)
    return problems
