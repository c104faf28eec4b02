"""Memories on a terminal. What they say is text: never markup, never control."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich import box
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from metahuman.cli.text import plain
from metahuman.memory.hygiene.edits import noise_of
from metahuman.state.memories import Memory

#: Characters of a memory that one line shows.
LONGEST = 500


def show(memories: Sequence[Memory]) -> None:
    """Print memories, a line each."""
    console, width = Console(highlight=False), _widest(memories)
    for memory in memories:
        _print(console, _line(memory, width))


def show_hits(found: Sequence[tuple[Memory, float, str]]) -> None:
    """Print what was found: each memory, and below it how well it fits and why."""
    console, width = Console(highlight=False), _widest([memory for memory, _, _ in found])
    for memory, score, why in found:
        _print(console, _line(memory, width))
        _print(console, Text.assemble((f"  {score:.2f}  ", "cyan"), (plain(why), "dim")))


def grid(*names: str) -> Table:
    """Return an empty table of numbers below names; the first column is of words."""
    first, *others = names
    columns = [Column(name, justify="right", no_wrap=True) for name in others]
    return Table(Column(first, overflow="fold"), *columns, box=box.SIMPLE_HEAD, pad_edge=False)


def beginning(memory: Memory) -> Text:
    """Return how a memory begins, in one line, with what sets it apart before it."""
    marks = [] if memory.type == "conversation" else [memory.type]
    marks += [f"not recalled: {noise}"] if (noise := noise_of(memory)) else []
    marks += [] if memory.current else ["no longer so"]
    said = " ".join(plain(memory.content[:LONGEST]).split())
    return Text.assemble((f"{plain(', '.join(marks))}: " if marks else "", "yellow"), said)


def when(memory: Memory) -> str:
    """Return when a memory was made, in local time."""
    return local(memory.at.timestamp()) or plain(memory.timestamp[:16])


def local(at: float, how: str = "%Y-%m-%d %H:%M") -> str:
    """Return a moment in seconds since the epoch as local time; "" at the edge of the calendar."""
    try:
        return datetime.fromtimestamp(at, UTC).astimezone().strftime(how)
    except (OverflowError, ValueError, OSError):
        return ""


def _widest(memories: Sequence[Memory]) -> int:
    return max((len(plain(memory.id)) for memory in memories), default=0)


def _line(memory: Memory, width: int) -> Text:
    return Text.assemble((f"{plain(memory.id):<{width}}  ", "dim"), f"{when(memory)}  ", beginning(memory))


def _print(console: Console, line: Text) -> None:
    """Print a line, cut to the width of the terminal if there is one."""
    if console.is_terminal:
        line.truncate(console.width, overflow="ellipsis")
    console.print(line, soft_wrap=True)
