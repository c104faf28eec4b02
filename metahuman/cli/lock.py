"""`metahuman lock`: the home as one sealed file, while nobody needs it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from metahuman.cli.passphrase import ask_passphrase

if TYPE_CHECKING:
    from metahuman.home import Home


@click.command(short_help="Seal the home while nobody needs it.")
@click.pass_obj
def lock(home: Home) -> None:
    """Seal the whole home with a passphrase into one file beside it, and delete it in plain text.

    Programs at work in it have to end first. Until `metahuman unlock`, nothing runs in it, and nothing can be read
    without the passphrase: there is no other way back. Browsers and programs need a new token then.
    """
    from metahuman.cli.progress import Bar
    from metahuman.cli.text import plain
    from metahuman.home import locked_file
    from metahuman.keeping.locking import lock as seal

    passphrase = "" if home.is_locked else ask_passphrase(new=True)
    with contextlib.closing(Bar("sealing")) as bar:
        manifest = seal(home, passphrase, bar.advance)
    if manifest is None:
        click.echo(plain(f"{home.root}: is locked"))
    else:
        told = f"{len(manifest.files):,} files, sealed; `metahuman unlock` opens it"
        click.echo(plain(f"{locked_file(home.root)}: {told}"))
