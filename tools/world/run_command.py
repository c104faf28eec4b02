"""Runs a program of the owner's machine: one that the owner allows, never through a shell."""

from __future__ import annotations

import asyncio
import shlex
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.policy.paths import resolve
from metahuman.tools.tool import Arguments, Tool, Touch
from metahuman.tools.world.programs import Found, Rules, found, rules_of
from metahuman.tools.world.running import Ran, run_held
from metahuman.tools.world.sandbox import hold, sandbox
from metahuman.tools.world.texts import plain


class RunCommand(Arguments):
    """Run a program that the owner allows, and return what it prints.

    There is no shell: no pipes, no `*`, no variables, and nothing can be typed into the program.
    """

    command: list[str] = Field(
        description='The program and each of its arguments: ["git", "log", "-5"]', min_length=1, max_length=64
    )
    folder: str = Field(default="", description="The folder to work in; none is the operator's own")


async def run(arguments: RunCommand, desk: Desk) -> Output:
    """Run the program, and return the beginning and the end of what it printed."""
    name, seconds = arguments.command[0], desk.limits.seconds
    program, folder = await asyncio.to_thread(_checked, arguments, desk)
    with tempfile.TemporaryDirectory(prefix="metahuman-", ignore_cleanup_errors=True) as own:
        writable = desk.folders if program.rule.writes else ()
        held = hold(program.path, arguments.command, [*desk.folders, folder], writable, own, seconds)
        try:
            ran = await run_held(held, folder, seconds)
        except OSError as error:
            raise ToolError(f"{name}: cannot be started ({error.strerror}); try another program") from error
    if ran.code is None:
        remedy = "ask it for less, or the owner raises limits.seconds in etc/trust.json"
        raise ToolError(f"{name}: was stopped after {seconds:g} seconds; {remedy}")
    return Output(_told(arguments, ran, held.sandbox, desk.limits.output), (shlex.join(arguments.command),))


async def preview(arguments: RunCommand, desk: Desk) -> str:
    """Return what would be run, where, and what holds it.

    Raises:
        ToolError: If it may not be run.
    """
    program, folder = await asyncio.to_thread(_checked, arguments, desk)
    writes = ", ".join(map(str, desk.folders)) if program.rule.writes else "nothing"
    how = f"{_holding(sandbox())}; may write: {writes}"
    return f"{shlex.join(arguments.command)}\nin {folder}, as {program.path}; {how}"


def _checked(arguments: RunCommand, desk: Desk) -> tuple[Found, Path]:
    rules: Rules = rules_of(desk.settings, desk.home)
    program = found(arguments.command, rules, desk.folders)
    if rules.sandbox == "required" and not sandbox():
        remedy = 'the owner can set run_command.sandbox to "wanted" in etc/trust.json'
        raise ToolError(f"this system has no sandbox that is known here, and one is required; {remedy}")
    folder = resolve(arguments.folder, desk.base, desk.folders, "write", home=desk.home)
    if not folder.is_dir():
        raise ToolError(f"{folder}: is no folder; name one to work in")
    return program, folder


def _told(arguments: RunCommand, ran: Ran, name: str, room: int) -> str:
    """Return what a program printed, under a head that says how it ended."""
    head = f"{shlex.join(arguments.command)[:200]}: {_ending(ran)} ({_holding(name)})"
    if b"\0" in ran.head:
        return f"{head}\n\n(not shown: {ran.size} bytes that are no text)"
    begin, end = (plain(part.decode("utf-8", "replace")) for part in (ran.head, ran.tail))
    text, room = begin + end, max(200, room - len(head) - 100)
    if len(text) <= room and ran.size == len(ran.head) + len(ran.tail):
        return f"{head}\n\n{text.rstrip() or '(it printed nothing)'}"
    first, last = text[: room * 3 // 4], text[-(room // 4) :]
    return f"{head}\n\n{first}\n\n(… cut here: the beginning and the end of {ran.size} bytes …)\n\n{last}"


def _ending(ran: Ran) -> str:
    if ran.flooded:
        return "stopped, for it printed too much"
    if ran.code is not None and ran.code < 0:
        return f"ended by {signal.Signals(-ran.code).name}"
    return f"exit code {ran.code}"


def _holding(name: str) -> str:
    return f"sandbox: {name}" if name else "no sandbox on this system, only bounds of time and memory"


def _touches(arguments: RunCommand) -> Sequence[Touch]:
    """Return the folder, and every argument that may be a path: programs can be told to read those."""
    values = [word.partition("=")[2] if word.startswith("-") else word for word in arguments.command[1:]]
    paths = [value for value in values if "/" in value or "." in value or value.startswith("~")]
    above = arguments.folder or "."
    named = [path if path.startswith(("/", "~")) else f"{above}/{path}" for path in paths]
    return [Touch(above, "read"), *(Touch(path, "read") for path in named)]


TOOL = Tool(
    "run_command",
    RunCommand,
    run,
    risk="high",
    effect="run",
    touches=_touches,
    preview=preview,
    seconds=3_700.0,
)
