"""`metahuman undo`: files that the twin changed in a turn, put back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import json_option, write_down

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.tools.changes import Change, ChangeLog
    from metahuman.tools.files.undo import Turn, Undone


@click.command(short_help="Put back the files that the twin changed in a turn.")
@click.argument("turn", required=False)
@click.option("--list", "listed", is_flag=True, help="Only show what was changed, the latest first.")
@click.option("--force", is_flag=True, help="Also put back what was changed since; what it holds now is kept.")
@json_option
@click.pass_obj
def undo(home: Home, turn: str | None, *, listed: bool, force: bool, as_json: bool) -> None:
    """Put back the files that the twin changed in TURN; by default in the latest turn that changed any.

    TURN may be cut short. What was changed since, by you or another turn, is left as it is. An undoing can be undone.
    """
    log = changes_of(home)
    if listed:
        _list(log, as_json=as_json)
    else:
        _undo(home, log, turn, force=force, as_json=as_json)


def changes_of(home: Home) -> ChangeLog:
    """Return the changes that tools have made to files."""
    from metahuman.clock import SystemClock
    from metahuman.tools.changes import ChangeLog
    from metahuman.tools.policy.settings import TrustFiles

    return ChangeLog(home.root, SystemClock().now, most=TrustFiles(home.root).read().limits.file)


def _undo(home: Home, log: ChangeLog, word: str | None, *, force: bool, as_json: bool) -> None:
    from metahuman.state.files import whole
    from metahuman.state.tool_events import turn_undone
    from metahuman.tools.files.undo import chosen
    from metahuman.tools.files.undo import undo as put_back

    turn = chosen(log, word)
    done = put_back(log, turn, force=force)
    files = [one._asdict() for one in done]
    write_down(home, turn_undone(turn.turn, turn.thread, files))
    if as_json:
        click.echo(json.dumps(whole({"turn": turn.turn, "files": files}), ensure_ascii=False, indent=2))
    else:
        _tell(turn, done)
    if any(one.how == "left" for one in done):
        raise click.exceptions.Exit(1)


def _tell(turn: Turn, done: Sequence[Undone]) -> None:
    from metahuman.cli.text import plain
    from metahuman.tools.files.opening import one_line

    if not done:
        click.echo(plain(f"{turn.turn}: all of it is undone already"))
    for one in done:
        click.echo(plain(f"{one_line(one.path)}: {one.how}{f', {one.why}' if one.why else ''}"))


def _list(log: ChangeLog, *, as_json: bool) -> None:
    from metahuman.cli.text import plain
    from metahuman.state.files import whole
    from metahuman.tools.files.undo import turns

    found = turns(log)[::-1]
    if as_json:
        told = [{"turn": one.turn, "thread": one.thread, "changes": [*map(_as_json, one.changes)]} for one in found]
        click.echo(json.dumps(whole({"turns": told}), ensure_ascii=False, indent=2))
    elif not found:
        click.echo("No file has been changed yet, or not lately.")
    for turn in () if as_json else found:
        for line in _lines(turn):
            click.echo(plain(line))


def _lines(turn: Turn) -> Iterator[str]:
    from metahuman.cli.memory_lines import local
    from metahuman.tools.files.opening import one_line

    when = local(turn.changes[-1].moment.timestamp())
    yield f"{turn.turn}  {when}{f'  {turn.thread}' if turn.thread else ''}"
    for change in turn.changes:
        state = {"undone": ", undone", "begun": ", perhaps: the program died meanwhile"}.get(change.state, "")
        yield f"  {_deed(change)} {one_line(change.path)}{state}"


def _as_json(change: Change) -> dict[str, str | None]:
    about = {"at": change.at, "path": change.path, "deed": _deed(change), "state": change.state}
    return {**about, "trash": change.trash}


def _deed(change: Change) -> str:
    if change.trash or change.after is None:
        return "deleted"
    return "changed" if change.before else "made"
