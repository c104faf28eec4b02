"""`metahuman init`: makes a home one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from metahuman.home import Home


@click.command(short_help="Put editable settings and a persona into the home.")
@click.option("--name", default="", metavar="NAME", help="Your name.")
@click.option("--about", default="", metavar="TEXT", help="A few lines about you.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing.")
@click.pass_obj
def init(home: Home, name: str, about: str, *, yes: bool) -> None:
    """Put editable copies of the settings and a persona into the home. Nothing that is already there is changed."""
    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock
    from metahuman.home import init as write
    from metahuman.state.events import home_initialised

    if not yes and not (home.root / "persona" / "core.json").exists():
        name = name or click.prompt("Your name", default="", show_default=False).strip()
        about = about or click.prompt("A few lines about you", default="", show_default=False).strip()
    done = write(home, name, about)
    AuditLog(home.audit, SystemClock()).record(home_initialised(done.written, done.kept))
    for label, places in (("wrote", done.written), ("kept", done.kept)):
        for place in places:
            click.echo(f"{label:<6} {home.root / place}")
    click.echo("Edit these as you like, then: metahuman chat")
