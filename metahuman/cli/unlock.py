"""`metahuman unlock`: the home back from its sealed file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from metahuman.cli.passphrase import ask_passphrase

if TYPE_CHECKING:
    from metahuman.home import Home


@click.command(short_help="Open a home that was sealed.")
@click.pass_obj
def unlock(home: Home) -> None:
    """Make the home from the file that `metahuman lock` sealed it into, and delete that file."""
    from metahuman.cli.progress import Bar
    from metahuman.cli.text import plain
    from metahuman.keeping.locking import unlock as unseal
    from metahuman.state.errors import BadChoice

    if not home.is_locked:
        raise BadChoice(f"{home.root}: is not locked")
    passphrase = ask_passphrase()
    with contextlib.closing(Bar("writing")) as bar:
        manifest = unseal(home, passphrase, bar.advance)
    click.echo(plain(f"{home.root}: {len(manifest.files):,} files, as they were at {manifest.made_at}"))
