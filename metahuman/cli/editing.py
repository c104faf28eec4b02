"""A copy of an owner's file in the owner's editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from metahuman.cli.agreeing import agreed

if TYPE_CHECKING:
    from metahuman.memory.editing import EditedCopy


def edited(draft: EditedCopy) -> None:
    """Open a draft in $VISUAL, else $EDITOR, until it has no errors; leaves with exit code 1 if its owner gives up."""
    from metahuman.cli.text import plain

    if draft.path.exists():
        click.echo(f"going on with the draft that was left: {draft.path}")
    draft.begin()
    while True:
        click.edit(filename=str(draft.path))
        problems = draft.problems()
        for problem in problems:
            click.echo(plain(str(problem)), err=True)
        if not any(problem.level == "error" for problem in problems):
            return
        if not agreed("Edit it again?", default=True):
            click.echo(f"nothing was changed; your draft is kept: {draft.path}", err=True)
            raise click.exceptions.Exit(1)
