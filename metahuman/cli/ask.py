"""`metahuman ask`: one turn, for people in a hurry and for scripts."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING

import click

from metahuman.cli.options import mode_option, thread_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metahuman.home import Home
    from metahuman.reply import Event, Reply
    from metahuman.state.context import Mode


@click.command(short_help="Ask one thing and print the answer.")
@click.argument("message", nargs=-1)
@thread_option
@mode_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole reply as one JSON object.")
@click.pass_obj
def ask(home: Home, message: tuple[str, ...], thread: str, mode: Mode | None, *, as_json: bool) -> None:
    """Ask MESSAGE, or what stands on standard input, and print the answer."""
    from metahuman.api import MetaHuman

    text = " ".join(message)
    if not text and not sys.stdin.isatty():
        text = sys.stdin.read()
    with MetaHuman(home) as twin:
        if as_json:
            reply: Reply | None = _print(twin.chat(text, thread=thread, mode=mode))
        else:
            reply = _show(twin.stream(text, thread=thread, mode=mode))
    if reply and reply.broken:
        click.echo(f"metahuman: {reply.broken}", err=True)
        raise click.exceptions.Exit(1)


def _print(reply: Reply) -> Reply:
    click.echo(json.dumps(dataclasses.asdict(reply), ensure_ascii=False))
    return reply


def _show(events: Iterable[Event]) -> Reply | None:
    from rich.console import Console

    from metahuman.cli.approving import end_of_turn
    from metahuman.cli.console import show

    console = Console()
    reply = show(console, events)
    end_of_turn(console, reply)
    return reply
