"""`metahuman persona edit`: the whole of `core.json` in the owner's editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from metahuman.home import Home


@click.command(short_help="Edit persona/core.json in your editor.")
@click.pass_obj
def edit(home: Home) -> None:
    """Edit a copy of persona/core.json in your editor ($VISUAL, else $EDITOR).

    The copy takes the file's place once nothing in it is an error. Until then it is kept as persona/core.draft.json.
    """
    from metahuman.audit.log import AuditLog
    from metahuman.cli.editing import edited
    from metahuman.clock import SystemClock
    from metahuman.memory.persona.edit import Draft
    from metahuman.opening import open_memory
    from metahuman.state.events import persona_changed

    home.create()
    draft, clock = Draft(open_memory(home).persona), SystemClock()
    edited(draft)
    changed = draft.finish(clock.now())
    if changed:
        AuditLog(home.audit, clock).record(persona_changed("persona/core.json", changed, "human"))
    click.echo(f"changed: {', '.join(changed)}" if changed else "nothing was changed")
