"""`metahuman mode`: how the twin works, and what it may remember."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from metahuman.state.context import MODES

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.models.registry import Registry
    from metahuman.state.context import Mode

#: The roles whose models make a mode what it is.
MINDS = ("orchestrator", "persona")


@click.command(short_help="Show or switch the mode: dual, agent or emulation.")
@click.argument("new", metavar="[dual|agent|emulation]", type=click.Choice(MODES), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the modes as one JSON object.")
@click.pass_obj
def mode(home: Home, new: Mode | None, *, as_json: bool) -> None:
    """Show the mode that the twin is in and what each mode means, or switch it for good."""
    from metahuman.state.modes import RULES

    home.create()
    if new:
        _switch(home, new)
        if not as_json:
            click.echo(f"{new}: {RULES[new].meaning}")
            return
    found = _collect(home)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _print(found)


def _switch(home: Home, new: Mode) -> None:
    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock
    from metahuman.opening import open_memory
    from metahuman.state.background import background
    from metahuman.state.modes import switch_mode

    clock = SystemClock()
    background.run(switch_mode(new, "human", open_memory(home), AuditLog(home.audit, clock), clock))


def _collect(home: Home) -> dict[str, Any]:
    """Return the mode, since when it holds, and what each mode means in this home."""
    from metahuman.opening import open_memory, open_registry

    persona, registry = open_memory(home).persona, open_registry(home)
    since = persona.mode_file().get("lastChanged")
    modes = {each: _describe(each, registry) for each in MODES}
    return {"mode": persona.mode(), "since": since if isinstance(since, str) else None, "modes": modes}


def _describe(each: Mode, registry: Registry) -> dict[str, Any]:
    from metahuman.state.modes import RULES

    rules = RULES[each]
    asked = registry.asked(each)
    if not rules.routes:
        asked["orchestrator"] = []
    minds = {role: asked[role][0].model_id if asked[role] else None for role in MINDS}
    return {"meaning": rules.meaning, "writes": rules.writes, **minds}


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from metahuman.cli.text import plain

    minds = (Column(role, overflow="fold") for role in MINDS)
    table = Table("mode", Column("what it means", ratio=1), *minds)
    for name, told in found["modes"].items():
        style = "bold" if name == found["mode"] else ""
        asked = (Text(told[role] or "off") for role in MINDS)
        table.add_row(name, told["meaning"], *asked, style=style)
    console = Console(highlight=False)
    since = f", since {plain(found['since'][:16].replace('T', ' '))} UTC" if found["since"] else ""
    console.print(f"mode {found['mode']}{since}", markup=False)
    console.print(table)
    console.print("`metahuman mode NAME` switches it; --mode of chat and ask chooses for one sitting.", style="dim")
