"""`metahuman agents`: what the twin does by itself, and when."""

from __future__ import annotations

import asyncio
import json
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import json_option, write_down

if TYPE_CHECKING:
    from collections.abc import Callable

    from metahuman.agents.telling import Table, Told
    from metahuman.home import Home

#: The exit code of what was stopped from outside.
INTERRUPTED = 130


@click.group(short_help="See, run and switch what the twin does by itself.", invoke_without_command=True)
@json_option
@click.pass_context
def agents(ctx: click.Context, *, as_json: bool) -> None:
    """See, run and switch what the twin does by itself; alone, lists it.

    `etc/agents.json` in the home says when each agent runs.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_agents, as_json=as_json)


@agents.command("list", short_help="List the agents: how they ran last, and when they run next.")
@json_option
@click.pass_obj
def list_agents(home: Home, *, as_json: bool) -> None:
    """List the agents: when each runs, how it ran last, and when it runs next, or why it does not."""
    table = _collect(home)
    if as_json:
        click.echo(json.dumps(table.as_json(), ensure_ascii=False, indent=2))
        return
    _show(table)
    if table.paused:
        click.echo("All are paused: pauseAll in etc/agents.json.")
    if table.silent:
        click.echo("None runs: the mode is emulation, in which nothing is written; `metahuman mode dual` changes that.")
    if table.others:
        click.echo(f"Not of this program: {', '.join(table.others)}.")
    click.echo("They run while `metahuman agents run` runs; `metahuman agents run --once NAME` runs one now.")


@agents.command("next", short_help="Show what runs next, the soonest first.")
@json_option
@click.pass_obj
def next_agents(home: Home, *, as_json: bool) -> None:
    """Show what runs next, the soonest first."""
    table = _collect(home)
    upcoming = [] if table.paused or table.silent else table.upcoming()
    if as_json:
        click.echo(json.dumps([one.as_json() for one in upcoming], ensure_ascii=False, indent=2))
    for one in () if as_json else upcoming:
        click.echo(f"{_next(one):<18} {one.agent.name}")
    if not upcoming and not as_json:
        why = "None runs in emulation mode." if table.silent else "Nothing is known to run next."
        click.echo("All are paused." if table.paused else why)


@agents.command(short_help="Run the agents when they are due, until you stop it.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--once", is_flag=True, help="Run those that are named now, due or not, and leave.")
@click.pass_obj
def run(home: Home, names: tuple[str, ...], *, once: bool) -> int:
    """Run the agents, or those that are named, when they are due, until Ctrl-C or SIGTERM.

    With --once the exit code is 0 if all were done, or run in another process, and 1 if one failed.
    """
    if once and not names:
        raise click.UsageError("say which to run once: `metahuman agents run --once curator`")
    home.create()
    return asyncio.run(_once(home, names) if once else _scheduled(home, names))


@agents.command(short_help="Let an agent run by itself.")
@click.argument("name")
@click.pass_obj
def enable(home: Home, name: str) -> None:
    """Let an agent run by itself."""
    _switch(home, name, on=True)


@agents.command(short_help="Keep an agent from running by itself.")
@click.argument("name")
@click.pass_obj
def disable(home: Home, name: str) -> None:
    """Keep an agent from running by itself; it can still be run with --once."""
    _switch(home, name, on=False)


def _switch(home: Home, name: str, *, on: bool) -> None:
    from metahuman.agents.jobs import JOBS
    from metahuman.agents.loading import switch
    from metahuman.state.curation_events import agent_switched

    home.create()
    if switch(home, name, JOBS, on=on):
        write_down(home, agent_switched(name, on=on))
    click.echo(f"{name} {'runs by itself' if on else 'is off'}")


async def _scheduled(home: Home, names: tuple[str, ...]) -> int:
    from metahuman.agents.scheduler import Scheduler
    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock

    clock, stop = SystemClock(), asyncio.Event()
    audit = AuditLog(home.audit, clock)
    _on_signal(stop.set)
    _say("agents run when they are due; Ctrl-C ends that")
    try:
        await Scheduler(home, audit, clock, names, _say).run(stop)
    finally:
        audit.close()
    return 0


async def _once(home: Home, names: tuple[str, ...]) -> int:
    """Run some agents one after the other; return the exit code."""
    from metahuman.agents.jobs import JOBS
    from metahuman.agents.loading import named
    from metahuman.agents.running import Runner
    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock

    clock = SystemClock()
    audit, chosen = AuditLog(home.audit, clock), named(home, names, JOBS)
    if task := asyncio.current_task():
        _on_signal(task.cancel)
    code = 0
    try:
        for agent in chosen:
            became = await Runner(home, JOBS, audit, clock).run(agent)
            _say(f"{agent.name}: {became.in_words}")
            code |= became.ended == "failed"
    except asyncio.CancelledError:
        return INTERRUPTED
    finally:
        audit.close()
    return code


def _on_signal(act: Callable[[], object]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, act)


def _say(line: str) -> None:
    from metahuman.cli.text import plain

    click.echo(plain(f"{datetime.now():%H:%M:%S} {' '.join(line.split())}"))


def _collect(home: Home) -> Table:
    from metahuman.agents.jobs import JOBS
    from metahuman.agents.telling import collect

    return collect(home, JOBS, datetime.now(UTC))


def _show(table: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Column
    from rich.table import Table as Grid
    from rich.text import Text

    from metahuman.agents.telling import when
    from metahuman.cli.text import plain

    grid = Grid(
        Column("agent", no_wrap=True),
        Column("when", overflow="fold"),
        Column("last", ratio=1, overflow="fold"),
        Column("next", overflow="fold"),
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for one in table.told:
        style = "" if one.agent.settings.enabled else "dim"
        cells = (one.agent.name, when(one.agent.settings), _last(one), _next(one))
        grid.add_row(*(Text(plain(cell)) for cell in cells), style=style)
    Console(highlight=False).print(grid)


def _last(one: Told) -> str:
    record = one.record
    if record.ended is None or record.last_run is None:
        return "never ran"
    told = f": {' '.join(record.told.split())}" if record.told else ""
    return f"{_moment(record.last_run, one)} {record.ended}{told}"


def _next(one: Told) -> str:
    if one.due.at is None:
        return one.due.why
    moment = "now" if one.due.at <= datetime.now(UTC) else _moment(one.due.at, one)
    return f"{moment} ({one.due.why})" if one.due.why else moment


def _moment(moment: datetime, one: Told) -> str:
    """Return a moment as the agent's time zone has it; its day too, if that is not today."""
    there, today = moment.astimezone(one.agent.zone), datetime.now(one.agent.zone).date()
    return f"{there:%H:%M}" if there.date() == today else f"{there:%a %d %b %H:%M}"
