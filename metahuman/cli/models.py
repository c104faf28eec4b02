"""`metahuman models`: the models behind the roles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli.model_check import check
from metahuman.cli.model_plan import plan
from metahuman.cli.model_pull import pull

if TYPE_CHECKING:
    from metahuman.home import Home


@click.group(short_help="See, check and fetch the models behind the roles.", invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """See, check and fetch the models behind the roles; alone, lists them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_models)


@models.command("list", short_help="List the registry's models and the roles they answer for.")
@click.option("--json", "as_json", is_flag=True, help="Print them as one JSON object.")
@click.pass_obj
def list_models(home: Home, *, as_json: bool = False) -> None:
    """List the registry's models and the roles they answer for."""
    from metahuman.opening import open_registry

    registry = open_registry(home)
    asked = {role: [model.model_id for model in registry.candidates(role)] for role in registry.list_available_roles()}
    if as_json:
        entries = {
            key: entry.model_dump(by_alias=True, exclude_unset=True) for key, entry in registry.file.models.items()
        }
        click.echo(json.dumps({"models": entries, "roles": asked}, ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Column, Table

    columns = [Column(name, overflow="fold") for name in ("id", "provider", "model", "window", "asked as")]
    table = Table(*columns)
    for model_id, entry in registry.file.models.items():
        places = [f"{role} ({ids.index(model_id) + 1})" for role, ids in asked.items() if model_id in ids]
        window = str(entry.options.context_window or "")
        table.add_row(model_id, entry.provider, entry.model, window, ", ".join(places) or "—")
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{registry.path} · (1) is asked first, the others when those before fail", style="dim")


@models.command(short_help="Check the registry; one line for each thing that is wrong.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_obj
def validate(home: Home, file: Path | None) -> None:
    """Check FILE, or the registry in force; one line for each thing that is wrong, and an exit code that is not 0."""
    from metahuman.models.registry import Registry
    from metahuman.state.files import read_json

    path = file or home.registry
    valid, errors = Registry.parse(read_json(path), path, home.root).validate_registry()
    for error in errors:
        click.echo(error)
    if not valid:
        raise click.exceptions.Exit(1)
    click.echo(f"{path}: no errors")


@models.command(short_help="Print the JSON schema of etc/models.json.")
def schema() -> None:
    """Print the JSON schema of etc/models.json, for editors."""
    from metahuman.models.schema import json_schema

    click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


for command in (plan, check, pull):
    models.add_command(command)
