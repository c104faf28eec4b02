"""`metahuman save`: code, plans, summaries and dreams of a conversation, as files."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import json_option
from metahuman.cli.options import thread_option

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.state.artifacts import Kept


@click.command(short_help="Save what specialists made as files.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--to", "folder", type=click.Path(path_type=Path), default=".", metavar="DIR", help="Where; here if not.")
@thread_option
@click.option("--list", "listed", is_flag=True, help="Only show what there is, the latest last.")
@json_option
@click.pass_obj
def save(home: Home, names: tuple[str, ...], folder: Path, thread: str, *, listed: bool, as_json: bool) -> None:
    """Save what specialists made as files: what is called NAME, or all of the last turn in which anything was made.

    No file is written over: where there is one of that name, the new one gets a number.
    """
    from metahuman.api import MetaHuman
    from metahuman.cli.text import plain
    from metahuman.state.files import whole

    with MetaHuman(home) as twin:
        if listed:
            _list(twin.artifacts(thread), as_json=as_json)
            return
        saved = [str(path) for path in twin.save_artifacts(folder, *names, thread=thread)]
    if as_json:
        click.echo(json.dumps(whole({"saved": saved}), ensure_ascii=False, indent=2))
    for path in () if as_json else saved:
        click.echo(plain(path))


def names_and_folder(words: str) -> tuple[list[str], str]:
    """Return which artifacts are named in a line, and the folder they go to: the word with a slash, else here.

    Raises:
        BadChoice: If it names two folders, or a quotation mark is left open.
    """
    from metahuman.state.errors import BadChoice

    try:
        said = shlex.split(words)
    except ValueError:
        raise BadChoice("a quotation mark is left open") from None
    folders = [word for word in said if "/" in word or word.startswith("~") or not word.strip(".")]
    if len(folders) > 1:
        raise BadChoice(f"one folder at a time, not {' and '.join(folders)}")
    return [word for word in said if word not in folders], folders[0] if folders else "."


def _list(kept: Sequence[Kept], *, as_json: bool) -> None:
    from metahuman.cli.made import facts
    from metahuman.cli.text import plain
    from metahuman.state.files import whole

    if as_json:
        click.echo(json.dumps(whole({"artifacts": kept}), ensure_ascii=False, indent=2))
    elif not kept:
        click.echo("No specialist has made anything here yet.")
    for one in () if as_json else kept:
        made = one["artifact"]
        wrong = f": {made['problem']}" if made["problem"] else ""
        click.echo(plain(f"{made['name']}  {facts(made)}{wrong}"))
