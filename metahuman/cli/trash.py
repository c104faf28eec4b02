"""`metahuman trash`: what the twin deleted, to be restored or to go for good."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.agreeing import agreed
from metahuman.cli.memory_home import json_option, write_down
from metahuman.cli.options import moment
from metahuman.cli.undo import changes_of

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.tools.files.trash import Trash, Trashed


@click.group(short_help="Restore what the twin deleted, or let it go for good.")
def trash() -> None:
    """Restore what the twin deleted, or let it go for good."""


@trash.command("list", short_help="Show what is in the trash, the latest first.")
@json_option
@click.pass_obj
def list_trash(home: Home, *, as_json: bool) -> None:
    """Show what is in the trash, the latest first."""
    from metahuman.cli.text import plain
    from metahuman.state.files import whole
    from metahuman.tools.files.opening import one_line

    found = changes_of(home).trash.all()
    if as_json:
        click.echo(json.dumps(whole({"trash": [*map(_as_json, found)]}), ensure_ascii=False, indent=2))
    elif not found:
        click.echo("The trash is empty.")
    for one in () if as_json else found:
        click.echo(plain(f"{one.id}  {one_line(one.path)}{'/' if one.kind == 'folder' else ''}"))


@trash.command(short_help="Put things back where they were.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--to", type=click.Path(path_type=Path), metavar="PLACE", help="Put one back there instead.")
@click.pass_obj
def restore(home: Home, ids: tuple[str, ...], to: Path | None) -> None:
    """Put back what is in the trash as ID..., to where it was; an id may be cut short. Nothing is written over."""
    from metahuman.cli.text import plain
    from metahuman.state.tool_events import trash_restored
    from metahuman.tools.files.opening import one_line

    if to and len(ids) > 1:
        raise click.UsageError("--to is for one thing at a time")
    place, log = to.expanduser().resolve() if to else None, changes_of(home)
    for one in [_named(log.trash, word) for word in dict.fromkeys(ids)]:
        with log.alone():
            target = log.trash.restore(one, place)
        write_down(home, trash_restored(one.id, str(target)))
        click.echo(plain(f"{one_line(target)}: restored"))


@trash.command(short_help="Delete what is in the trash for good.")
@click.option("--before", callback=moment, metavar="WHEN", help="Only what was deleted before: 4w ago, or a date.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def empty(home: Home, *, before: datetime | None, yes: bool) -> None:
    """Delete what is in the trash for good: asks first."""
    from metahuman.state.tool_events import trash_emptied

    bin_ = changes_of(home).trash
    chosen = [one for one in bin_.all() if before is None or _deleted(one) < before]
    if not chosen:
        click.echo("Nothing to delete.")
        return
    if not (yes or agreed(f"Delete {len(chosen):,} for good?")):
        click.echo("nothing was deleted", err=True)
        raise click.exceptions.Exit(1)
    bin_.empty(chosen)
    write_down(home, trash_emptied([one.id for one in chosen]))
    click.echo(f"Deleted for good: {len(chosen):,}")


def _named(bin_: Trash, word: str) -> Trashed:
    """Return what is in the trash under an id, or under the one that begins so."""
    from metahuman.state.errors import BadChoice

    begun = [one for one in bin_.all() if one.id.startswith(word)]
    if len(begun) > 1:
        raise BadChoice(f"{word!r} may be any of {', '.join(one.id for one in begun[:5])}: write more of it")
    return begun[0] if begun else bin_.find(word)


def _deleted(one: Trashed) -> datetime:
    """Return when something was deleted; what does not say so is taken for new, and stays."""
    try:
        return datetime.fromisoformat(one.at).astimezone(UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _as_json(one: Trashed) -> dict[str, Any]:
    return {"id": one.id, "at": one.at, "path": str(one.path), "kind": one.kind, "turn": one.turn}
