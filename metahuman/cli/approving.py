"""Asks the person at the terminal whether a call of a tool may be made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from metahuman.cli.console import footnote, show
from metahuman.cli.made import outside
from metahuman.cli.steps import ask_panel
from metahuman.reply import Event, Reply
from metahuman.state.approvals import Ask

QUESTION = "[y]es, [n]o, [e]dit, [a]lways, [l]ater? "
LATER = "it waits: `metahuman approvals` answers it, or the next sitting"


def print_turn(console: Console, events: Iterable[Event], thread: str) -> Reply | None:
    """Print a turn as it happens, with what stands under its answer; return its reply.

    Under a turn that waits stands the call that it waits with; a footnote is for people only.

    Args:
        console: Where.
        events: What happens.
        thread: The conversation.
    """
    reply = show(console, events, outside(thread))
    if reply and reply.waiting:
        console.print(ask_panel(reply.waiting))
        console.print(Text(f"`metahuman approvals yes {thread}` or `no {thread}` answers it", style="yellow"))
    elif reply and console.is_terminal:
        console.print(footnote(reply, outside(thread)))
    return reply


def ask_person(console: Console, ask: Ask, read: Callable[[str], str]) -> dict[str, Any] | None:
    """Return the person's word on a call, as `MetaHuman.answer` takes it; None if they want to say later.

    Args:
        console: Where the call is shown.
        ask: The call.
        read: Shows a question and returns a line; raises EOFError where nobody is there.
    """
    console.print(ask_panel(ask))
    try:
        return _word(console, ask, read)
    except (EOFError, KeyboardInterrupt):
        console.print(Text(f"\n{LATER}", style="yellow"))
        return None


def _word(console: Console, ask: Ask, read: Callable[[str], str]) -> dict[str, Any] | None:
    while True:
        match read(QUESTION).strip().lower()[:1]:
            case "y":
                return {"approved": True}
            case "a":
                return {"approved": True, "always": True}
            case "n":
                return {"approved": False, "why": read("why not (for the operator; may be empty)? ").strip()}
            case "e":
                if arguments := _edited(console, ask, read):
                    return {"approved": True, "arguments": arguments}
            case "l":
                console.print(Text(LATER, style="yellow"))
                return None


def _edited(console: Console, ask: Ask, read: Callable[[str], str]) -> dict[str, Any] | None:
    """Return the arguments as the person wants them, one by one; None if one is no JSON of its kind."""
    edited = {}
    for name, value in ask["call"]["arguments"].items():
        line = read(f"{name} [{json.dumps(value, ensure_ascii=False)}]: ").strip()
        edited[name] = _value(line, value)
        if edited[name] is None and line != "null":
            console.print(Text(f"{name} was {type(value).__name__}: write it as JSON", style="red"))
            return None
    return edited


def _value(line: str, before: Any) -> Any:
    if not line:
        return before
    if isinstance(before, str):
        return line
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None
