"""`metahuman dream`: memories come to mind, one after the other, and a model dreams of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from metahuman.digesting import Dreamt
    from metahuman.home import Home
    from metahuman.state.dreaming import Inner

#: Characters of a memory that are shown.
SHOWN = 70


@click.command(short_help="Dream of memories, and reflect on them.")
@click.option("--reflect", is_flag=True, help="Reflect on the same memories, too.")
@click.option("--dry-run", is_flag=True, help="Save nothing; show what was made.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@click.pass_obj
def dream(home: Home, *, reflect: bool, dry_run: bool, as_json: bool) -> None:
    """Let memories come to mind, each bringing up the next, and have the dreamer dream of them.

    A dream is kept as a memory of its own kind: it is never recalled as a fact, and no voice is trained on it. Without
    a model, nothing is dreamt.
    """
    from metahuman.digesting import dream as run
    from metahuman.state.background import background

    home.create()
    wanted: list[Inner] = ["dream", "reflection"] if reflect else ["dream"]
    found = background.run(run(home, wanted=wanted, dry_run=dry_run))
    if as_json:
        click.echo(
            json.dumps({"chain": found.chain, "made": found.made, "dryRun": dry_run}, indent=2, ensure_ascii=False)
        )
    else:
        _show(found)
    if not found.chain or any(one["error"] for one in found.made):
        raise click.exceptions.Exit(1)


def _show(found: Dreamt) -> None:
    from metahuman.cli.text import plain

    if not found.chain:
        click.echo("Too few memories to dream of: talk with the twin, or bring some in with `metahuman memory import`.")
    for one in found.chain:
        said = " ".join(one["text"].split())
        short = said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
        click.echo(plain(f"{one['at'][:10]}  {short}  ({one['why']})"))
    for made in found.made:
        if made["error"]:
            click.echo(plain(f"metahuman: no {made['kind']}: {made['error']}"), err=True)
        else:
            kept = f"  [{made['memory']}]" if made["memory"] else ""
            click.echo(plain(f"\n{made['kind'].capitalize()}{kept}\n{made['text']}"))
