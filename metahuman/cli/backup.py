"""`metahuman backup`: the home in one file."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli.passphrase import VARIABLE, ask_passphrase

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.keeping.manifest import Manifest

#: As `metahuman.keeping.contents.PARTS` has them; a test holds the two together.
PARTS = ("voices", "datasets", "files", "trash", "audit")
#: Of what is left out, so many are named.
NAMED = 12


@click.command(short_help="Keep the whole home in one file.")
@click.argument("target", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@click.option("--encrypt", is_flag=True, help=f"Seal it with a passphrase: {VARIABLE}'s, or one that is asked for.")
@click.option("--without", multiple=True, type=click.Choice(PARTS), help="What stays out; may be repeated.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object.")
@click.pass_obj
def backup(
    home: Home, target: Path | None, *, encrypt: bool, without: tuple[str, ...], overwrite: bool, as_json: bool
) -> None:
    """Write the home into FILE, by default a new one in this folder; programs may go on working meanwhile.

    It appears whole, or not at all, for your eyes only. Indexes, locks and the server's token stay out. Where
    METAHUMAN_BACKUP_PASSPHRASE is set, it is sealed without a word.
    """
    from metahuman.cli.memory_home import write_down
    from metahuman.cli.progress import Bar
    from metahuman.keeping.keys import keys_in_settings
    from metahuman.keeping.writing import back_up
    from metahuman.state.keeping_events import home_backed_up

    place = _place(target)
    passphrase = ask_passphrase(new=True) if encrypt or os.environ.get(VARIABLE) else None
    with contextlib.closing(Bar("reading")) as bar:
        manifest = back_up(
            home, place, passphrase=passphrase, without=without, overwrite=overwrite, progress=bar.advance
        )
    sealed, keys = passphrase is not None, keys_in_settings(home.root)
    write_down(home, home_backed_up(str(place), len(manifest.files), manifest.size, sealed=sealed))
    if as_json:
        click.echo(json.dumps(_as_json(place, manifest, keys, sealed=sealed), ensure_ascii=False, indent=2))
    else:
        _tell(place, manifest, keys, sealed=sealed)


def _place(target: Path | None) -> Path:
    """Return where the backup goes; in a folder it gets a name of its own."""
    from metahuman.keeping.writing import default_name

    chosen = (target or Path()).expanduser().absolute()
    return chosen / default_name() if chosen.is_dir() else chosen


def _tell(place: Path, manifest: Manifest, keys: list[str], *, sealed: bool) -> None:
    from metahuman.cli.model_plan import size
    from metahuman.cli.text import plain

    how = "sealed" if sealed else "not sealed: whoever has it can read it"
    click.echo(
        plain(f"{place}: {len(manifest.files):,} files, {size(place.stat().st_size)} of {size(manifest.size)}; {how}")
    )
    left = [f"{where} ({why})" for where, why in manifest.left_out.items()]
    for line in [*left[:NAMED], *([f"… and {len(left) - NAMED:,} more"] if len(left) > NAMED else [])]:
        click.echo(plain(f"left out: {line}"))
    for where in manifest.damaged:
        click.echo(plain(f"{where} is damaged; it is in the backup as it is"), err=True)
    for where in keys:
        click.echo(plain(f"{where} is a key, and in the backup; ${{NAME}} takes it from the environment"), err=True)


def _as_json(place: Path, manifest: Manifest, keys: list[str], *, sealed: bool) -> dict[str, object]:
    return {
        "file": str(place),
        "bytes": place.stat().st_size,
        "sealed": sealed,
        "files": len(manifest.files),
        "homeBytes": manifest.size,
        "source": manifest.source,
        "leftOut": manifest.left_out,
        "damaged": list(manifest.damaged),
        "keys": keys,
    }
