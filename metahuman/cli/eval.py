"""`metahuman eval`: how well routing, recall, curation and the voice do on questions whose answers are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import json_option

if TYPE_CHECKING:
    from rich.table import Table

    from metahuman.evaluation import EvalSet, Evaluated
    from metahuman.home import Home

VOICE, ALL = "voice", "all"
NAMES = ("routing", "recall", "curation", VOICE)
SENT = "The questions of {names} and the twin's answers to them would be sent to LangSmith at {place}. Send them?"


@click.command("eval", short_help="Measure routing, recall, curation and the voice.")
@click.argument("names", metavar="[SET]...", nargs=-1, type=click.Choice((*NAMES, ALL)))
@click.option(
    "--data", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Your own questions, for one SET."
)
@click.option("--langsmith", is_flag=True, help="Run as experiments in LangSmith, which gets questions and answers.")
@click.option("--yes", is_flag=True, help="Do not ask before anything leaves the machine.")
@click.option("--at-least", type=click.FloatRange(0, 1), metavar="SCORE", help="Exit with 1 if a set scores less.")
@json_option
@click.pass_obj
def eval(  # noqa: A001 - as the command is called
    home: Home,
    names: tuple[str, ...],
    data: Path | None,
    at_least: float | None,
    *,
    langsmith: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Measure how well the twin does on a SET of questions whose answers are known: routing, recall, curation or voice.

    All sets by default. No model is asked and nothing leaves the machine, unless you say --langsmith.
    """
    chosen = NAMES if not names or ALL in names else tuple(dict.fromkeys(names))
    if data and (len(chosen) != 1 or chosen == (VOICE,)):
        raise click.UsageError("--data holds the questions of one set: name routing, recall or curation")
    if langsmith:
        _consent(chosen, yes=yes)
    found = list(_evaluated(home, chosen, data, langsmith=langsmith))
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False, indent=2))
    else:
        _show(found)
    measured = [one.main for one in found if one.main is not None]
    if at_least is not None and (not measured or min(measured) < at_least):
        raise click.exceptions.Exit(1)


def _consent(names: tuple[str, ...], *, yes: bool) -> None:
    from metahuman.evaluation_langsmith import address

    told = SENT.format(names=", ".join(name for name in names if name != VOICE), place=address())
    if not yes and not click.confirm(told, err=True):
        raise click.Abort


def _evaluated(home: Home, names: tuple[str, ...], data: Path | None, *, langsmith: bool) -> Iterator[Evaluated]:
    from metahuman.cli.progress import Bar
    from metahuman.evaluation import run
    from metahuman.evaluation_langsmith import experiment
    from metahuman.evaluation_sets import SETS, voice

    answered: Callable[[EvalSet, Callable[[int, int], None]], Evaluated] = experiment if langsmith else run
    for name in names:
        if name == VOICE:
            yield voice(home)
            continue
        bar = Bar(name, of="items")
        try:
            with SETS[name](home, data) as questions:
                yield answered(questions, bar.advance)
        finally:
            bar.close()


def _show(found: list[Evaluated]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(table(found))
    for one in found:
        if one.skipped:
            console.print(f"{one.name}: {one.skipped}", markup=False, style="dim")
        elif one.experiment:
            console.print(f"{one.name}: experiment {one.experiment}", markup=False, style="dim")


def table(found: list[Evaluated]) -> Table:
    """Return the scores as a table; what each set is for comes first."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from metahuman.cli.text import plain

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("set")
    shown.add_column("questions", overflow="fold")
    shown.add_column("n", justify="right")
    shown.add_column("scores", overflow="fold")
    shown.add_column("ms, half", justify="right")
    shown.add_column("ms, 95 %", justify="right")
    for one in found:
        scores = "\n".join(f"{name} {value:.3f}" for name, value in one.scores.items())
        times = ["" if (value := one.within(share)) is None else f"{value:.1f}" for share in (0.5, 0.95)]
        count = str(one.cases) if one.scores and one.milliseconds else ""
        shown.add_row(one.name, Text(plain(one.source)), count, scores or Text("skipped", style="dim"), *times)
    return shown
