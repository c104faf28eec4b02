"""`metahuman specialist`: one task for one specialist; nobody speaks, and nothing is remembered."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import json_option
from metahuman.state.parts import SPECIALISTS

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.state.parts import Finding
    from metahuman.workshop import SpecialistResult, SpecialistTask

#: The word for a task that says itself whose it is.
AUTO = "auto"


@click.command(short_help="Have one specialist do one thing, without a conversation.")
@click.argument("who", metavar=f"{'|'.join([*SPECIALISTS, AUTO])}", type=click.Choice([*SPECIALISTS, AUTO]))
@click.argument("description", nargs=-1, required=True)
@click.option("--input", "source", metavar="FILE", help="A text that it is about; - is standard input.")
@click.option("--save", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Save what is made as files.")
@json_option
@click.pass_obj
def specialist(
    home: Home, who: str, description: tuple[str, ...], source: str | None, folder: Path | None, *, as_json: bool
) -> None:
    """Have a specialist do what DESCRIPTION says; `auto` has its words tell whose task it is.

    Where nobody watches, only what was made is printed: code without the words round it. Leaves with exit code 1 if
    something is wrong with it.
    """
    from metahuman.cli.made import problems
    from metahuman.specialists import SpecialistTask

    whose = next((one for one in SPECIALISTS if one == who), None)
    result = _done(home, SpecialistTask(" ".join(description), whose, _text(source) if source else ""))
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(result), ensure_ascii=False, indent=2))
    else:
        _show(result)
    if folder:
        _save(result, folder)
    if problems(_finding(result)):
        raise click.exceptions.Exit(1)


def _text(source: str) -> str:
    """Return the text of a file, or of standard input."""
    from metahuman.state.files import store_errors

    if source == "-":
        data = sys.stdin.buffer.read()
    else:
        with store_errors(Path(source), "check that the file exists and can be read"):
            data = Path(source).expanduser().read_bytes()
    if b"\0" in data:
        raise click.BadParameter(f"{source} is no text", param_hint="--input")
    return data.decode("utf-8-sig", "replace")


def _done(home: Home, task: SpecialistTask) -> SpecialistResult:
    """Return what came of a task; who watches at a terminal sees how far it is."""
    from rich.console import Console

    from metahuman.cli.working import Working
    from metahuman.state.background import background
    from metahuman.wiring import shared_services
    from metahuman.workshop import run_tasks

    with Working(Console(stderr=True)) as working:
        (result,) = background.run(run_tasks([task], shared_services(home), "dual", {}, home, working.note))
    return result


def _show(result: SpecialistResult) -> None:
    """Print what was made: in panels at a terminal, else as it is; several files of code with the words round them."""
    from rich.console import Console

    from metahuman.cli.made import print_made, problems
    from metahuman.cli.text import plain

    console, finding, made = Console(), _finding(result), result.artifacts
    if console.is_terminal:
        print_made(console, finding, None)
        return
    if result.content:
        click.echo(plain(made[0]["text"] if len(made) == 1 else result.content).rstrip("\n"))
    for problem in problems(finding):
        _tell(f"metahuman: {problem}")


def _save(result: SpecialistResult, folder: Path) -> None:
    from metahuman.products import save

    for path in save(result.artifacts, folder):
        _tell(f"saved {path}")


def _tell(line: str) -> None:
    from metahuman.cli.text import plain

    click.echo(plain(line), err=True)


def _finding(result: SpecialistResult) -> Finding:
    return {
        "turn": "",
        "job": "",
        "source": result.type,
        "task": result.description,
        "content": result.content,
        "artifacts": result.artifacts,
        "error": result.error,
        "part": None,
        "latencyMs": result.latency_ms,
    }
