"""`metahuman dataset check` and `diff`: whether rows may still be trained on, and what sets two datasets apart."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli.dataset_home import folder_of, looking
from metahuman.cli.memory_home import json_option
from metahuman.cli.names import dataset_names

if TYPE_CHECKING:
    from metahuman.home import Home

#: Problems that are shown, and ids of a list.
SHOWN, NAMED = 50, 10


@click.command(short_help="See whether all rows may still be trained on.")
@click.argument("path", metavar="[NAME|PATH]", required=False, shell_complete=dataset_names)
@json_option
@click.pass_obj
def check(home: Home, path: str | None, *, as_json: bool) -> None:
    """Look at a dataset, by its name or path, or at a file of rows; by default at all pairs and all datasets.

    Each row needs both messages, no secret or personal data in them, and a memory that still says the same and may be
    trained on. What is held out must not be among what is trained on. The exit code is 1 where something is wrong.
    """
    from metahuman.memory.dataset.checking import checked
    from metahuman.state.files import whole

    with looking(home) as look:
        found = checked(home.root, look, _place(home, path))
    if as_json:
        told = {"files": found.files, "rows": found.rows, "problems": [one._asdict() for one in found.problems]}
        click.echo(json.dumps(whole(told), ensure_ascii=False, indent=2))
    else:
        _tell(found.files, found.rows, [(f"{one.file}:{one.line}", one.what) for one in found.problems])
    if found.problems:
        raise click.exceptions.Exit(1)


@click.command(short_help="Show what sets two datasets apart.")
@click.argument("first", shell_complete=dataset_names)
@click.argument("second", shell_complete=dataset_names)
@json_option
@click.pass_obj
def diff(home: Home, first: str, second: str, *, as_json: bool) -> None:
    """Show what sets the dataset SECOND apart from FIRST: memories that came, went or changed, and settings."""
    from metahuman.cli.text import plain
    from metahuman.memory.dataset.comparing import compared
    from metahuman.state.files import whole

    found = compared(folder_of(home, first), folder_of(home, second))
    if as_json:
        click.echo(json.dumps(whole(found._asdict()), ensure_ascii=False, indent=2))
        return
    for words, names in (
        ("only in the second", found.added),
        ("only in the first", found.gone),
        ("with other words", found.changed),
        ("moved to the other side", found.moved),
    ):
        if names:
            more = ", …" if len(names) > NAMED else ""
            click.echo(plain(f"{len(names):,} {words}: {', '.join(names[:NAMED])}{more}"))
    for name, (before, after) in found.settings.items():
        click.echo(plain(f"{name}: {before} → {after}"))
    click.echo(f"{found.same:,} rows are the same{'; nothing sets the two apart' if found.alike else ''}")


def _place(home: Home, path: str | None) -> Path | None:
    """Return what is to be looked at: a dataset of the home's by its name, else a path."""
    from metahuman.memory.dataset.places import datasets_folder

    if path is None:
        return None
    named = datasets_folder(home.root) / path
    return named if "/" not in path and named.is_dir() else Path(path).absolute()


def _tell(files: list[str], rows: int, problems: list[tuple[str, str]]) -> None:
    from metahuman.cli.text import plain

    for place, what in problems[:SHOWN]:
        click.echo(plain(f"{place.removesuffix(':0')}: {what}"))
    if len(problems) > SHOWN:
        click.echo(f"… and {len(problems) - SHOWN:,} more; --json shows all")
    for what, count in Counter(what.partition(":")[0] for _, what in problems).most_common():
        click.echo(plain(f"{count:>7,}  {what}"))
    sound = "something is wrong" if problems else "all is well"
    click.echo(f"{rows:,} rows in {len(files):,} files: {sound}")
