"""`metahuman approvals`: calls of tools that wait for your word, whenever they were meant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.names import thread_names

if TYPE_CHECKING:
    from metahuman.home import Home


@click.group(invoke_without_command=True, short_help="See and answer calls of tools that wait for your word.")
@click.option("--json", "as_json", is_flag=True, help="Print them as a JSON list.")
@click.pass_context
def approvals(ctx: click.Context, *, as_json: bool) -> None:
    """List the calls of tools that wait for your word. `yes` and `no` answer one; its turn then goes on."""
    if ctx.invoked_subcommand:
        return
    from rich.console import Console
    from rich.text import Text

    from metahuman.api import MetaHuman
    from metahuman.cli.steps import ask_panel

    with MetaHuman(ctx.obj) as twin:
        waiting = twin.asks()
    if as_json:
        click.echo(json.dumps(waiting, ensure_ascii=False, indent=2))
        return
    console = Console()
    for ask in waiting:
        console.print(Text(f"thread {ask['thread']}", style="bold"))
        console.print(ask_panel(ask))
    if not waiting:
        console.print("nothing waits for your word", style="dim")


@approvals.command()
@click.argument("thread", default="main", shell_complete=thread_names)
@click.option("--arguments", metavar="JSON", help="Make the call with these instead; the policy looks at it anew.")
@click.option("--always", is_flag=True, help="Make calls like it from now on without asking.")
@click.pass_obj
def yes(home: Home, thread: str, arguments: str | None, *, always: bool) -> None:
    """Let the call that THREAD waits with be made, and go on with its turn."""
    _answer(home, thread, {"approved": True, "always": always, "arguments": _object(arguments)})


@approvals.command()
@click.argument("thread", default="main", shell_complete=thread_names)
@click.option("--why", default="", help="Why not: the operator may find another way.")
@click.pass_obj
def no(home: Home, thread: str, why: str) -> None:
    """Refuse the call that THREAD waits with, and go on with its turn."""
    _answer(home, thread, {"approved": False, "why": why})


def _answer(home: Home, thread: str, word: dict[str, Any]) -> None:
    from rich.console import Console

    from metahuman.api import MetaHuman
    from metahuman.cli.approving import print_turn

    with MetaHuman(home) as twin:
        print_turn(Console(), twin.stream_answer(**word, thread=thread), thread)


def _object(text: str | None) -> dict[str, Any] | None:
    try:
        value = None if text is None else json.loads(text)
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"--arguments is no JSON: {error}") from None
    if value is not None and not isinstance(value, dict):
        raise click.BadParameter('--arguments must be an object, like {"path": "notes.txt"}')
    return value
