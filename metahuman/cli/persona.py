"""`metahuman persona`: who the twin is, and how its owner changes that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from metahuman.cli.persona_ab import ab
from metahuman.cli.persona_edit import edit
from metahuman.cli.persona_eval import evaluate
from metahuman.cli.persona_voices import promote, rollback, voices

if TYPE_CHECKING:
    from metahuman.home import Home


@click.group(short_help="Show, check and change who the twin is.", invoke_without_command=True)
@click.pass_context
def persona(ctx: click.Context) -> None:
    """Show, check and change who the twin is; alone, shows it."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@persona.command(short_help="Show who the twin is, and what it keeps referring to.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@click.option("--prompt", is_flag=True, help="Print the lines that its model is given, as they are.")
@click.pass_obj
def show(home: Home, *, as_json: bool = False, prompt: bool = False) -> None:
    """Show who the twin is, as the facet it shows has it, and what it keeps referring to."""
    from metahuman.opening import open_memory

    files = open_memory(home).persona
    if prompt:
        click.echo(files.summary())
    elif as_json:
        told = {"facet": files.facets.shown().id, "core": files.shown(), "cache": files.cache.content()}
        click.echo(json.dumps({**told, "prompt": files.summary()}, ensure_ascii=False, indent=2))
    else:
        from rich.console import Console

        from metahuman.cli.persona_card import card

        Console(highlight=False).print(card(files))


@persona.command(short_help="Check the persona's files; one line for each thing to mend.")
@click.pass_obj
def check(home: Home) -> None:
    """Check the persona's files: one line for each thing to mend, and exit code 1 where something is an error."""
    from metahuman.cli.text import plain
    from metahuman.memory.persona.check import check as problems_of
    from metahuman.opening import open_memory

    files = open_memory(home).persona
    found = problems_of(files)
    for problem in found:
        click.echo(plain(str(problem)))
    if any(problem.level == "error" for problem in found):
        raise click.exceptions.Exit(1)
    if not found:
        click.echo(f"{files.folder}: nothing to mend")


@persona.command("set", short_help="Set one value of persona/core.json.")
@click.argument("key")
@click.argument("value")
@click.pass_obj
def set_value(home: Home, key: str, value: str) -> None:
    """Set the value under a dotted KEY of persona/core.json, such as identity.name.

    VALUE is a text, a list with commas where the key wants a list, or JSON; `null` takes the key out.
    """
    from metahuman.audit.log import AuditLog
    from metahuman.cli.text import plain
    from metahuman.clock import SystemClock
    from metahuman.memory.persona.check import core_problems
    from metahuman.memory.persona.edit import change_core, with_value
    from metahuman.opening import open_memory
    from metahuman.state.events import persona_changed

    home.create()
    files, clock = open_memory(home).persona, SystemClock()
    changed = change_core(files, lambda core: with_value(core, key, value, files.path), clock.now())
    if changed:
        AuditLog(home.audit, clock).record(persona_changed("persona/core.json", changed, "human"))
    click.echo(f"{'set' if changed else 'already so'}: {plain(key)}")
    for problem in core_problems(files.core(), files.path):
        if problem.key == key:
            click.echo(plain(str(problem)), err=True)


@persona.command(short_help="Show or choose the facet that the twin shows.")
@click.argument("name", required=False)
@click.pass_obj
def facet(home: Home, name: str | None) -> None:
    """Choose the facet NAME, a side of the persona with a file in persona/facets; alone, lists them."""
    from metahuman.audit.log import AuditLog
    from metahuman.cli.text import plain
    from metahuman.clock import SystemClock
    from metahuman.opening import open_memory
    from metahuman.state.events import facet_changed

    facets = open_memory(home).persona.facets
    if name:
        home.create()
        clock = SystemClock()
        before = facets.choose(name, clock.now())
        if before != name:
            AuditLog(home.audit, clock).record(facet_changed(before, name, "human"))
    shown = facets.shown().id
    for key, one in facets.all().items():
        told = facets.described(one) if facets.usable(one) else "cannot be shown: `metahuman persona check` says why"
        click.echo(plain(f"{'*' if key == shown else ' '} {key}{f': {told}' if told else ''}"))


for command in (edit, voices, evaluate, ab, promote, rollback):
    persona.add_command(command)
