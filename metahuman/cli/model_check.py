"""`metahuman models check`: whether each model does what a turn needs of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from metahuman.cli.options import mode_option

if TYPE_CHECKING:
    from rich.table import Table

    from metahuman.checking import Check, Checked, Step
    from metahuman.home import Home
    from metahuman.models.registry import Registry
    from metahuman.state.context import Mode

#: What each step is called while it is done, and where its problem is told.
WORDS: dict[Step, str] = {
    "reachable": "reaching it",
    "answers": "answering",
    "json": "fitting a JSON schema",
    "tool": "calling a tool",
}


@click.command(short_help="Ask every model for real whether it can do its work.")
@click.option("--role", "roles", metavar="ROLE", multiple=True, help="Only who may be asked as this; may be repeated.")
@mode_option
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one JSON object.")
@click.pass_obj
def check(home: Home, roles: tuple[str, ...], mode: Mode | None, *, as_json: bool) -> None:
    """Ask every model that a role may ask to answer, to fit a JSON schema and to call a tool.

    The exit code is 1 if nobody answers as orchestrator or persona, or as a ROLE that was named.
    """
    from metahuman.checking import Check
    from metahuman.opening import open_registry
    from metahuman.state.background import background
    from metahuman.voice.standing import tainted
    from metahuman.wiring import open_services

    _see_that_there_are(roles, open_registry(home))
    home.create()
    services = open_services(home)
    checking = Check(services.models, mode or background.run(services.memory.current_mode()), roles)
    try:
        checked = _watch(checking)
    finally:
        background.run(services.models.aclose())
        services.audit.close()
    unanswered, voices = checking.unanswered(checked), tainted(services.registry())
    if as_json:
        told = {"models": [one.as_json() for one in checked], "unanswered": unanswered}
        told["taintedVoices"] = [voice.as_json() for voice in voices]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _show(checked, unanswered, [voice.told() for voice in voices])
    if unanswered:
        raise click.exceptions.Exit(1)


def _see_that_there_are(roles: Iterable[str], registry: Registry) -> None:
    known = registry.list_available_roles()
    for role in roles:
        if role not in known:
            raise click.BadParameter(f"no role {role!r}; there are {', '.join(known)}", param_hint="--role")


def _watch(checking: Check) -> list[Checked]:
    """Return what was found out; meanwhile the terminal shows what is being asked."""
    from rich.console import Console
    from rich.markup import escape

    from metahuman.checking import Checked
    from metahuman.cli.text import plain
    from metahuman.state.background import background

    checked: list[Checked] = []
    with Console(stderr=True).status("…") as status:
        for event in background.iterate(checking.run()):
            if isinstance(event, Checked):
                checked.append(event)
            else:
                status.update(escape(plain(f"{event.model_id}: {WORDS[event.step]} …")))
    return checked


def _show(checked: Iterable[Checked], unanswered: Iterable[str], tainted: Iterable[str]) -> None:
    from rich.console import Console

    from metahuman.cli.text import plain

    console = Console(highlight=False)
    console.print(_table(checked))
    for problem, model_ids in _problems(checked).items():
        console.print(plain(f"{', '.join(model_ids)}: {problem}"), style="yellow", markup=False, soft_wrap=True)
    for voice in tainted:
        console.print(plain(voice), style="yellow", markup=False, soft_wrap=True)
    for role in unanswered:
        console.print(f"nobody answers as {role}", style="red", markup=False)


def _table(checked: Iterable[Checked]) -> Table:
    from rich import box
    from rich.table import Column, Table

    from metahuman.cli.model_plan import ids_column, places

    model, roles = ids_column(one.model.model_id for one in checked), Column("asked as", overflow="fold")
    numbers = [Column(name, justify="right") for name in ("first\ntoken", "tokens\n/s")]
    marks = [Column(name, justify="center") for name in ("there", "JSON", "tool")]
    columns = (model, roles, marks[0], *numbers, *marks[1:])
    table = Table(*columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for one in checked:
        first = f"{one.first_token_ms:.0f} ms" if one.first_token_ms is not None else _mark(one, "answers")
        speed = f"{one.tokens_per_second:.1f}" if one.tokens_per_second is not None else "—"
        cells = (_mark(one, "reachable"), first, speed, _mark(one, "json"), _mark(one, "tool"))
        table.add_row(one.model.model_id, places(one.asked_as), *cells)
    return table


def _mark(one: Checked, step: Step) -> str:
    return {True: "[green]✓[/]", False: "[red]✗[/]", None: "—"}[one.done.get(step)]


def _problems(checked: Iterable[Checked]) -> dict[str, list[str]]:
    """Return each problem with the models that have it: a server that is down is told once."""
    problems: dict[str, list[str]] = {}
    for one in checked:
        for step, problem in one.problems.items():
            problems.setdefault(f"{WORDS[step]}: {problem}", []).append(one.model.model_id)
    return problems
