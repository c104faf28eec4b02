"""`metahuman tasks`: what the owner has to do; the same files that the twin's tools keep."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.memory_home import json_option, write_down

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.tools.desk import Changes
    from metahuman.tools.tasks.list_tasks import Which
    from metahuman.tools.tasks.task import Task

due_option = click.option("--due", metavar="WHEN", help='"tomorrow", "friday 5pm", 2026-12-24; of edit, "none" too.')
priority_option = click.option(
    "--priority", type=click.Choice(["P1", "P2", "P3"]), help="P1 is urgent, P2 normal, P3 can wait."
)
tag_option = click.option("--tag", "tags", multiple=True, metavar="TAG", help="A topic; may be repeated.")
about_option = click.option("--description", metavar="TEXT", help="More about it.")
task_argument = click.argument("words", metavar="TASK", nargs=-1, required=True)


@click.group(short_help="See, add, change and finish tasks.", invoke_without_command=True)
@click.pass_context
def tasks(ctx: click.Context) -> None:
    """See, add, change and finish tasks; alone, lists those that are open.

    A TASK is an id, the beginning of one, or words of its title.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_tasks)


@tasks.command("list", short_help="List tasks, the soonest due first.")
@click.option("--overdue", "which", flag_value="overdue", help="Only those that should be done by now.")
@click.option("--closed", "which", flag_value="closed", help="Those that are done or cancelled.")
@click.option("--all", "which", flag_value="all", help="Open and closed ones.")
@click.option("--by", "due_by", metavar="WHEN", help="Only those due by then: today, friday, 2026-12-24.")
@click.option("--tag", metavar="TAG", help="Only those with this tag.")
@click.option("--text", metavar="WORDS", help="Only those in which one of these words stands.")
@json_option
@click.pass_obj
def list_tasks(home: Home, /, *, as_json: bool = False, which: Which | None = None, **asked: Any) -> None:
    """List tasks, the soonest due first: those that are open, unless you say otherwise."""
    from metahuman.cli.text import plain
    from metahuman.state.files import whole
    from metahuman.tools.tasks.list_tasks import TaskList, wanted
    from metahuman.tools.tasks.store import TaskStore

    found, now = TaskStore(home.root).read(), _now()
    chosen = wanted(found.tasks, TaskList.model_construct(which=which or "open", **asked), now)
    if as_json:
        told = {"tasks": [task.as_json() for task in chosen], "broken": found.broken}
        click.echo(json.dumps(whole(told), ensure_ascii=False, indent=2))
        return
    if chosen:
        _show(chosen, now)
    else:
        click.echo("No such task." if found.tasks else "No tasks yet: `metahuman tasks add` writes one down.")
    for problem in found.broken:
        click.echo(plain(f"cannot be read: {problem}"), err=True)


@tasks.command(short_help="Show all that is known of a task.")
@task_argument
@json_option
@click.pass_obj
def show(home: Home, words: tuple[str, ...], *, as_json: bool) -> None:
    """Show all that is known of a TASK."""
    from metahuman.cli.text import plain
    from metahuman.tools.tasks.store import TaskStore
    from metahuman.tools.tasks.telling import whole_task

    task = TaskStore(home.root).find(" ".join(words))
    told = json.dumps(task.as_json(), ensure_ascii=False, indent=2) if as_json else plain(whole_task(task, _now()))
    click.echo(told)


@tasks.command(short_help="Write a task down.")
@click.argument("words", metavar="TITLE", nargs=-1, required=True)
@due_option
@priority_option
@tag_option
@about_option
@click.pass_obj
def add(home: Home, /, words: tuple[str, ...], **fields: Any) -> None:
    """Write down a task called TITLE."""
    from metahuman.tools.tasks.fields import due_date
    from metahuman.tools.tasks.store import TaskStore

    now = _now()
    given = _checked({"title": " ".join(words), **_given(fields)})
    if "due" in given:
        given["due"] = due_date(given["due"], now)
    home.create()
    _tell(home, "written down", TaskStore(home.root).create(given, _changes(home), now), [*given])


@tasks.command(short_help="Change a task.")
@task_argument
@click.option("--title", metavar="TEXT", help="A new title.")
@click.option("--status", type=click.Choice(["todo", "in_progress", "blocked", "done", "cancelled"]))
@due_option
@priority_option
@tag_option
@about_option
@click.pass_obj
def edit(home: Home, /, words: tuple[str, ...], **fields: Any) -> None:
    """Change a TASK: what you give takes the place of what was there."""
    from metahuman.tools.tasks.fields import due_date

    given = _checked(_given(fields))
    if not given:
        raise click.UsageError("nothing to change: give --title, --status, --due, --priority, --tag or --description")
    if "due" in given:
        given["due"] = due_date(given["due"], _now())
    _change(home, words, given, "changed")


@tasks.command(short_help="Take a task away; the trash keeps it.")
@task_argument
@click.pass_obj
def delete(home: Home, words: tuple[str, ...]) -> None:
    """Move a TASK to the trash."""
    from metahuman.tools.tasks.store import TaskStore

    task, trashed = TaskStore(home.root).delete(" ".join(words), _changes(home))
    _tell(home, "deleted", task, ["deleted"])
    click.echo(f"`metahuman trash restore {trashed}` brings it back")


def _as(status: str, told: str) -> Callable[..., None]:
    """Return what a command does that gives a task a status."""

    def run(home: Home, words: tuple[str, ...]) -> None:
        _change(home, words, {"status": status}, told)

    return run


for _name, _status, _told, _help in (
    ("start", "in_progress", "begun", "Say that you are at a TASK."),
    ("done", "done", "done", "Say that a TASK is done."),
    ("cancel", "cancelled", "cancelled", "Say that a TASK need not be done any more."),
    ("reopen", "todo", "open again", "Say that a TASK is still to be done."),
):
    tasks.command(_name, short_help=_help, help=_help)(task_argument(click.pass_obj(_as(_status, _told))))


def _change(home: Home, words: Sequence[str], change: dict[str, Any], told: str) -> None:
    from metahuman.tools.tasks.store import TaskStore

    _tell(home, told, TaskStore(home.root).update(" ".join(words), change, _changes(home), _now()), [*change])


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {key: value for key, value in fields.items() if value not in (None, ())}


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields as the twin's own tools would take them.

    Raises:
        BadChoice: If one cannot be taken.
    """
    from pydantic import ValidationError

    from metahuman.state.errors import BadChoice
    from metahuman.tools.tasks.update import TaskUpdate

    try:
        return TaskUpdate.model_validate({"task": "", **fields}).model_dump(
            mode="json", exclude={"task"}, exclude_none=True
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise BadChoice(f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ').lower()}") from error


def _changes(home: Home) -> Changes:
    """Return what makes the changes of this command, so that `metahuman undo` takes them back."""
    from metahuman.cli.undo import changes_of
    from metahuman.tools.changes import Key

    return changes_of(home).of(Key(None, f"tasks-{secrets.token_hex(4)}", "1"))


def _tell(home: Home, done: str, task: Task, changed: Sequence[str]) -> None:
    """Say what was done, and write it into the audit log."""
    from metahuman.cli.text import plain
    from metahuman.state.tool_events import task_changed
    from metahuman.tools.tasks.telling import line

    write_down(home, task_changed(task.id, list(changed)))
    click.echo(plain(f"{done}: {line(task, _now())}"))


def _show(chosen: Sequence[Task], now: datetime) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from metahuman.cli.text import plain
    from metahuman.tools.tasks.telling import TITLE, due_in_words

    table = Table(
        Column("task", style="dim", no_wrap=True),
        Column("title", ratio=1, overflow="fold"),
        Column("due"),
        Column("status"),
        Column("tags", overflow="fold"),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for task in chosen:
        due = due_in_words(task, now).removeprefix("due ")
        style = "red" if task.overdue(now) else "bold" if task.priority in ("P0", "P1") else ""
        cells = (task.id, task.title[:TITLE], due, task.status, ", ".join(task.tags))
        table.add_row(*(Text(plain(" ".join(cell.split()))) for cell in cells), style=style)
    Console(highlight=False).print(table)


def _now() -> datetime:
    from metahuman.tools.own.local_time import HERE

    return datetime.now(HERE)
