"""What the `metahuman memory` commands share: an open memory, ids in short, and memories one after the other."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import click

from metahuman.cli.options import moment

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.home import HomeMemory
    from metahuman.memory.index import Document, MemoryIndex, Where
    from metahuman.state.events import AuditEvent

NONE_YET = "No memories yet: talk with the twin, or bring some in with `metahuman memory import`."
#: Documents that are read from the index at a time.
PAGE = 2_000
#: Ids that are named where a short one may be any of several.
NAMED = 5
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


def named(memory: HomeMemory, word: str) -> str:
    """Return the id that `word` is, or that it alone begins.

    Raises:
        BadChoice: If it is none, or begins several.
    """
    from metahuman.state.errors import BadChoice

    index = memory.keeper.index
    if word in index.find([word]):
        return word
    begun = (memory_id for memory_id, _, _ in index.stamps() if word and memory_id.startswith(word))
    found = list(islice(begun, NAMED + 1))
    if len(found) > 1:
        several = ", ".join([*found[:NAMED], *(["…"] if len(found) > NAMED else [])])
        raise BadChoice(f"{word!r} may be any of {several}: write more of it")
    if not found:
        memory.keeper.place(word)  # it may lie in a file that holds no memory any more
    return found[0] if found else word


def documents(index: MemoryIndex, where: Where, page: int = PAGE) -> Iterator[Document]:
    """Yield documents, the newest first; few of them are held at a time.

    Args:
        index: Where they are.
        where: Which.
        page: How many are read at a time; more where more are of the same moment.
    """
    until = where.until
    while True:
        found = index.latest(replace(where, until=until), page)
        last = len(found) < page
        oldest = found[-1].document.at if found else 0.0
        whole = [one.document for one in found if last or one.document.at > oldest]
        yield from whole
        if last:
            return
        # Those of the oldest moment come with the next page, so that none is left out between the two.
        until, page = (math.nextafter(oldest, math.inf), page) if whole else (until, page * 2)


def in_batches(found: Iterator[Document], size: int) -> Iterator[list[Document]]:
    """Yield documents so many at a time."""
    while batch := list(islice(found, size)):
        yield batch


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
