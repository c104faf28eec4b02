"""What the `metahuman memory` commands share: their options, and an open memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from metahuman.cli.options import moment

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.home import HomeMemory
    from metahuman.state.events import AuditEvent

NONE_YET = "No memories yet: talk with the twin, or bring some in with `metahuman memory import`."
#: From so many things on, a rate says something.
MANY = 100

type_option = click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this type; may be repeated.")
since_option = click.option(
    "--since", callback=moment, metavar="WHEN", help="From then on: 2h, 3d, 4w ago, or a date or time."
)
until_option = click.option("--until", callback=moment, metavar="WHEN", help="Up to then, in the same forms.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")


@contextlib.contextmanager
def remembering(home: Home, *, ready: bool = True) -> Iterator[HomeMemory]:
    """Open the memory of a home, and close it in the end.

    Args:
        home: The home; nothing is written into one without memories.
        ready: Whether to wait until what was changed by hand can be found.
    """
    from rich.console import Console

    from metahuman.opening import open_memory

    memory = open_memory(home)
    try:
        if ready and memory.keeper.count():
            with Console(stderr=True).status("looking through the files …"):
                memory.ready()
        yield memory
    finally:
        memory.close()


def write_down(home: Home, *events: AuditEvent) -> None:
    """Write events into the home's audit log."""
    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock

    log = AuditLog(home.audit, SystemClock())
    for event in events:
        log.record(event)


def rate(count: int, seconds: float) -> str:
    """Return how long a job took, and how quick it was where it was long enough to tell."""
    quick = f" ({count / seconds:,.0f} a second)" if count >= MANY and seconds else ""
    return f"{seconds:.1f} s{quick}"


@contextlib.contextmanager
def shown_progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """Hand out what shows how far a job is, in things done and of how many."""
    from metahuman.cli.progress import Bar

    bar = Bar(name, "items")
    try:
        yield bar.advance
    finally:
        bar.close()
