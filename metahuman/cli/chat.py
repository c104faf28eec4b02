"""`metahuman chat`: a conversation in the terminal."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from metahuman.cli.options import mode_option, thread_option

if TYPE_CHECKING:
    from metahuman.cli.session import Session
    from metahuman.home import Home
    from metahuman.state.context import Mode


@click.command(short_help="Talk with the twin.")
@thread_option
@mode_option
@click.pass_obj
def chat(home: Home, thread: str, mode: Mode | None) -> None:
    """Talk with the twin. /help lists what else can be said; Ctrl-C stops an answer, Ctrl-D leaves."""
    from rich.console import Console

    from metahuman.api import MetaHuman
    from metahuman.cli.session import Session
    from metahuman.warm import warm_up

    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - gives the prompt its line editing and history
    console = Console()
    with MetaHuman(home) as twin:
        session = Session(twin, console, thread, mode)
        session.greet()
        warm_up(home, mode)  # while the first message is being typed
        twin.services.classifier.expect([])
        while (line := _read(session)) is not None:
            session.take(line)
    if sys.stdin.isatty():
        console.print("Until next time.", style="dim")


def _read(session: Session) -> str | None:
    """Return the next line; None at its end or on /quit. Ctrl-C at the prompt only clears the line."""
    while not session.ended:
        try:
            return input(session.prompt())
        except KeyboardInterrupt:
            session.console.print()
        except EOFError:
            session.console.print()
            return None
    return None
