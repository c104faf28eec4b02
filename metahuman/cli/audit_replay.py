"""`metahuman audit replay`: a thread's decisions, turn by turn, from the log alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.audit_lines import listed, local_time, printable, summary
from metahuman.cli.memory_home import json_option

if TYPE_CHECKING:
    from rich.table import Table

    from metahuman.audit.reader import Entry
    from metahuman.audit.replaying import Turn
    from metahuman.home import Home

#: What an event is called here, and its colour; others go by their own name.
_NAMES = {
    "route_decided": ("route", "bold magenta"),
    "llm_call": ("model", "cyan"),
    "tool_called": ("tool", "green"),
    "tool_refused": ("refused", "yellow"),
    "approval_answered": ("approval", "yellow"),
    "always_approved": ("approval", "yellow"),
    "memories_recalled": ("recall", "blue"),
    "memory_saved": ("memory", "blue"),
    "short_term_changed": ("in mind", "blue"),
}


@click.command(short_help="Show a thread's decisions, turn by turn.")
@click.argument("thread")
@json_option
@click.pass_obj
def replay(home: Home, thread: str, *, as_json: bool) -> None:
    """Show the decisions of THREAD from the audit log alone, turn by turn.

    Each turn: where it was sent and who decided that, the models that were asked and those that failed before them,
    the tools that were called or refused and who allowed it, what came to mind and what was remembered. What the
    log does not have is not here.
    """
    from metahuman.audit.replaying import replay as replayed
    from metahuman.state.files import whole

    told = replayed(home.audit, thread)
    if as_json:
        shown = {"thread": thread, "turns": [turn.as_json() for turn in told.turns], "broken": told.broken}
        click.echo(json.dumps(whole(shown), ensure_ascii=False, indent=2))
    elif told.turns:
        _print(told.turns)
    else:
        click.echo(f"No event of the thread {printable(thread)} in {home.audit}.")
    if told.broken:
        click.echo(f"Broken lines skipped: {told.broken}", err=True)


def _print(turns: list[Turn]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for number, turn in enumerate(turns):
        if number:
            console.print()
        name = f"Turn {turn.number}" if turn.number else "Before the first turn"
        facts = [local_time(turn.events[0], date=True), turn.mode or "", turn.id or ""]
        console.print(Text.assemble((name, "bold"), ("  " + "  ".join(map(printable, filter(None, facts))), "dim")))
        console.print(_table(turn))


def _table(turn: Turn) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for entry in turn.events:
        name, style = _NAMES.get(str(entry.get("event")), (printable(entry.get("event", "?")), ""))
        table.add_row(_after(turn.events[0], entry), Text(name, style), Text(printable(told(entry))))
        for more in _more(entry):
            table.add_row("", "", Text(printable(more), "dim"))
    return table


def _after(first: Entry, entry: Entry) -> str:
    began, moment = first.moment, entry.moment
    return f"{(moment - began).total_seconds():+.3f} s" if began and moment else ""


def told(entry: Entry) -> str:
    """Return what an event of a turn says, in a line."""
    details = entry.details
    match entry.get("event"):
        case "tool_called":
            return ", ".join(_tool_called(details))
        case "tool_refused":
            return ", ".join(_ruled(details, f"refused by {details.get('approver') or 'the policy'}"))
        case "approval_answered":
            return ", ".join(_approval(details))
        case "memories_recalled":
            return ", ".join(map(str, details.get("memories") or ["nothing"]))
        case "memory_saved":
            return ", ".join(_memory(details))
        case event:
            return summary(event, {key: value for key, value in details.items() if key != "thread"})


def _tool_called(details: Mapping[str, Any]) -> Iterator[str]:
    yield from _ruled(details, str(details.get("ended") or "?"))
    yield f"let by {details.get('approver') or 'nobody'}"
    if isinstance(took := details.get("ms"), (int, float)):
        yield f"{took:,.0f} ms"


def _ruled(details: Mapping[str, Any], became: str) -> Iterator[str]:
    yield f"{details.get('tool') or '?'}: {became}"
    yield f"{details.get('risk') or 'unknown'} risk"
    if details.get("rule"):
        yield f"rule {details['rule']}"


def _approval(details: Mapping[str, Any]) -> Iterator[str]:
    answer = "approved" if details.get("approved") else "not approved"
    yield f"{details.get('tool') or '?'}: {answer} by {details.get('by') or '?'}"
    yield f"{details.get('risk') or 'unknown'} risk"
    for key, words in (("edited", "with other arguments"), ("always", "for good")):
        if details.get(key):
            yield words
    if details.get("why"):
        yield f"why: {details['why']}"


def _memory(details: Mapping[str, Any]) -> Iterator[str]:
    yield f"{details.get('id') or 'nothing kept'}"
    if details.get("path"):
        yield str(details["path"])
    if details.get("why"):
        yield str(details["why"])
    if changed := listed(details.get("changed")):
        yield f"changed: {', '.join(map(str, changed))}"


def _more(entry: Entry) -> Iterator[str]:
    """Yield what stands below the line: a route's tasks, and the models that failed."""
    if entry.get("event") == "route_decided":
        tasks = [task for task in listed(entry.details.get("tasks")) if isinstance(task, dict) and task.get("task")]
        yield from (f"{task.get('destination')}: {task['task']}" for task in tasks)
    if entry.get("event") == "llm_call":
        tries = [one for one in listed(entry.details.get("failed")) if isinstance(one, dict)]
        yield from (f"not {one.get('modelId')}: {one.get('kind')}: {one.get('why')}" for one in tries)
