"""`metahuman restore`: a home made from a backup."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli.agreeing import agreed
from metahuman.cli.passphrase import ask_passphrase

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.keeping.manifest import Manifest
    from metahuman.keeping.reading import Archive
    from metahuman.keeping.restoring import Restored

#: What is counted of a backup, and in which folder it lies.
COUNTED = {
    "memories": "memory/episodic",
    "curated": "memory/curated/conversations",
    "tasks": "memory/tasks",
    "days of audit": "logs/audit",
    "files of yours": "files",
}


@click.command(short_help="Make the home from a backup.")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--into", metavar="HOME", type=click.Path(path_type=Path), help="Another folder than the home's own.")
@click.option("--dry-run", is_flag=True, help="Only read it all, and say what is in it.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before a home that is there is moved aside.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object.")
@click.pass_obj
def restore(home: Home, source: Path, *, into: Path | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Make the home from FILE, as `metahuman backup` wrote it; every file in it is compared with its digest.

    A home that is there is not mixed with it, nor deleted: it is moved aside, after you were asked. Whenever this is
    broken off, the home is the old one or the new one.
    """
    from metahuman.keeping.reading import open_archive
    from metahuman.keeping.restoring import restore as make

    target = (into or home.root).expanduser().absolute()
    with open_archive(source.expanduser().absolute(), ask_passphrase) as archive:
        if dry_run:
            _shown("reading", archive.verify)
            return _tell(archive.manifest, None, as_json=as_json)
        _see_that_it_may(archive, target, yes=yes)
        done: list[Restored] = []
        _shown("writing", lambda progress: done.append(make(archive, target, progress)))
        return _tell(archive.manifest, done[0], as_json=as_json)


def _shown(what: str, job: Callable[[Callable[[int, int], None]], None]) -> None:
    from metahuman.cli.progress import Bar

    with contextlib.closing(Bar(what)) as bar:
        job(bar.advance)


def _see_that_it_may(archive: Archive, target: Path, *, yes: bool) -> None:
    """Ask before a home is moved aside; where nobody can be asked, the answer is no."""
    from metahuman.cli.text import plain
    from metahuman.keeping.restoring import holds_something
    from metahuman.state.errors import BadChoice

    if yes or not holds_something(target):
        return
    told = plain(f"{target} is not empty. Move it aside, and put the backup of {archive.manifest.made_at} there?")
    if not agreed(told):
        raise BadChoice(f"{target}: is not empty, and was left as it is; --yes moves it aside, --into takes another")


def _tell(manifest: Manifest, done: Restored | None, *, as_json: bool) -> None:
    from metahuman.cli.text import plain

    if as_json:
        click.echo(json.dumps(_as_json(manifest, done), ensure_ascii=False, indent=2))
        return
    counted = {name: manifest.count(folder) for name, folder in COUNTED.items()}
    told = ", ".join(f"{name} {count:,}" for name, count in counted.items() if count)
    click.echo(plain(f"a backup of {manifest.made_at}: {len(manifest.files):,} files{f' ({told})' if told else ''}"))
    if done is None:
        click.echo("all of it is whole; nothing was written")
        return
    click.echo(plain(f"restored: {done.home}"))
    for line in _notes(manifest, done):
        click.echo(plain(line), err=True)


def _notes(manifest: Manifest, done: Restored) -> list[str]:
    """Return what its owner should know of the new home."""
    from metahuman.database import URL

    notes = [f"the home that was there is {done.before}"] if done.before else []
    if manifest.home != str(done.home):
        notes.append(f"what tools changed is known by its place in {manifest.home}: `metahuman undo` looks there")
    if os.environ.get(URL):
        notes.append(f"memories and threads are in its files: unset {URL}, or take them over with memory migrate")
    notes += [f"{place} was damaged when the backup was made" for place in manifest.damaged]
    return notes


def _as_json(manifest: Manifest, done: Restored | None) -> dict[str, object]:
    return {
        "madeAt": manifest.made_at,
        "files": len(manifest.files),
        "homeBytes": manifest.size,
        "home": str(done.home) if done else None,
        "before": str(done.before) if done and done.before else None,
        "damaged": list(manifest.damaged),
    }
