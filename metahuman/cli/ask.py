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
        print_reply(twin.stream(text, thread=thread, mode=mode), thread, as_json=as_json)


def print_reply(events: Iterable[Event], thread: str, *, as_json: bool) -> None:
    """Print a turn; leaves with exit code 1 if its answer broke off.

    Args:
        events: What happens.
        thread: The conversation.
        as_json: Whether to print the reply as one JSON object instead, at the end.
    """
    reply = _json(events) if as_json else _shown(events, thread)
    if reply and reply.broken:
        click.echo(f"metahuman: {reply.broken}", err=True)
        raise click.exceptions.Exit(1)


def _json(events: Iterable[Event]) -> Reply:
    from metahuman.reply import last_of

    reply = last_of(events)
    click.echo(json.dumps(dataclasses.asdict(reply), ensure_ascii=False))
    return reply


def _shown(events: Iterable[Event], thread: str) -> Reply | None:
    from rich.console import Console

    from metahuman.cli.approving import print_turn

    return print_turn(Console(), events, thread)
