"""`metahuman doctor`: what is wrong with the set-up, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from metahuman.doctor.examining import Examined
    from metahuman.home import Home

#: How each level is shown.
MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


@click.command(short_help="Find what is wrong with the set-up, and say what to do.")
@click.option("--fix", is_flag=True, help="Make files private, and remove what crashes left a day ago or more.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one JSON object.")
@click.pass_obj
def doctor(home: Home, *, fix: bool, as_json: bool) -> None:
    """Look over the program, the home, its settings, models and files; each finding comes with what to do about it.

    No model is asked. Without --fix nothing is mended. The exit code is 1 if something is wrong.
    """
    from metahuman.doctor.examining import as_json as report
    from metahuman.doctor.examining import examine

    found = list(_shown(examine(home, fix=fix)) if not as_json else examine(home, fix=fix))
    said = report(home, found)
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False, indent=2))
    else:
        click.echo(f"\nproblems {said['problems']}, warnings {said['warnings']}")
    if said["problems"]:
        raise click.exceptions.Exit(1)


def _shown(examined: Iterable[Examined]) -> Iterator[Examined]:
    """Show what each look finds as soon as it has."""
    from rich.console import Console
    from rich.text import Text

    from metahuman.cli.text import plain

    console = Console(highlight=False, soft_wrap=True)
    for one in examined:
        for finding in one.findings:
            mark, style = MARKS[finding.level]
            remedy = f"\n{'':14}→ {finding.remedy}" if finding.remedy else ""
            console.print(Text.assemble((mark, style), f" {one.check:<12}", plain(f"{finding.told}{remedy}")))
        yield one
