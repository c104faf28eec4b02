"""`metahuman persona edit`: the whole of `core.json` in the owner's editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.persona_edit import Draft


@click.command(short_help="Edit persona/core.json in your editor.")
@click.pass_obj
def edit(home: Home) -> None:
    """Edit a copy of persona/core.json in your editor ($VISUAL, else $EDITOR).

    The copy takes the file's place once nothing in it is an error. Until then it is kept as persona/core.draft.json.
    """
    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock
    from metahuman.memory.persona_edit import Draft
    from metahuman.opening import open_memory
    from metahuman.state.events import persona_changed

    home.create()
    draft, clock = Draft(open_memory(home).persona), SystemClock()
    if draft.path.exists():
        click.echo(f"going on with the draft that was left: {draft.path}")
    draft.begin()
    _until_right(draft)
    changed = draft.finish(clock.now())
    if changed:
        AuditLog(home.audit, clock).record(persona_changed("persona/core.json", changed, "human"))
    click.echo(f"changed: {', '.join(changed)}" if changed else "nothing was changed")


def _until_right(draft: Draft) -> None:
    """Have the draft edited until it has no errors; leaves with exit code 1 if its owner gives up."""
    from metahuman.cli.text import plain

    while True:
        click.edit(filename=str(draft.path))
        problems = draft.problems()
        for problem in problems:
            click.echo(plain(str(problem)), err=True)
        if not any(problem.level == "error" for problem in problems):
            return
        if not _again():
            click.echo(f"nothing was changed; your draft is kept: {draft.path}", err=True)
            raise click.exceptions.Exit(1)


def _again() -> bool:
    """Ask whether to edit again; where nobody can be asked, the answer is no."""
    try:
        return click.confirm("Edit it again?", default=True, err=True)
    except click.Abort:
        return False
