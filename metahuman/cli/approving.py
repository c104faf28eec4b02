"""Asks the person at the terminal whether a call of a tool may be made."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from metahuman.cli.console import footnote
from metahuman.cli.steps import ask_panel
from metahuman.reply import Reply
from metahuman.state.approvals import Ask

QUESTION = "[y]es, [n]o, [e]dit, [a]lways, [l]ater? "
LATER = "it waits: `metahuman approvals` answers it, or the next sitting"


def end_of_turn(console: Console, reply: Reply | None) -> None:
    """Print what stands under an answer; under a turn that waits, the call that it waits with."""
    if reply and reply.waiting:
        console.print(ask_panel(reply.waiting))
        console.print(
            Text(f"`metahuman approvals yes {reply.thread}` or `no {reply.thread}` answers it", style="yellow")
        )
    elif reply and console.is_terminal:
        console.print(footnote(reply))


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
