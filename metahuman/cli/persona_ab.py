"""`metahuman persona ab`: the same prompts with a voice and without it, blind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metahuman.cli.memory_home import json_option, shown_progress
from metahuman.cli.names import run_names

if TYPE_CHECKING:
    from rich.console import RenderableType

    from metahuman.home import Home
    from metahuman.voice.blind import Ab, Shown
    from metahuman.voice.counting import Count, Result
    from metahuman.voice.runs import Run
    from metahuman.wiring import HomeServices

QUESTION = "[1] or [2] is better, [t]ie, [n]either, [s]kip, [q]uit"
WORDS = {"1": "1", "2": "2", "t": "tie", "n": "neither", "s": "skip"}
#: Columns from which on two answers stand side by side.
WIDE = 100


@click.command(short_help="Vote blind on answers with a voice and without it.")
@click.argument("name", metavar="[RUN]", required=False, shell_complete=run_names)
@click.option(
    "--prompts", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A file: one on each line."
)
@click.option(
    "-n", "--n", "count", type=click.IntRange(1, 500), default=20, show_default=True, help="How many prompts."
)
@click.option("--judge", is_flag=True, help="Also let the registry's role `judge` vote; it is counted apart.")
@click.option("--result", "ending", is_flag=True, help="What the votes come to so far; from then on you know.")
@json_option
@click.pass_obj
def ab(
    home: Home, name: str | None, *, prompts: Path | None, count: int, judge: bool, ending: bool, as_json: bool
) -> None:
    """Answer the same prompts with the voice of RUN, by default the newest, and without it; you say which is better.

    Which answer is whose is told nowhere before the end. Leave with q and come back: answers and votes are kept.
    """
    from metahuman.training.job import EVALUATION
    from metahuman.voice.blind import read_ab
    from metahuman.voice.counting import result
    from metahuman.voice.runs import find_run

    run = find_run(home, name)
    if ending:
        found = read_ab(run.folder / EVALUATION)
    else:
        found = _found(home, run, prompts, count, judge=judge, votes=not as_json)
    told = result(found)
    left = told.by["person"].left
    if as_json:
        over = ending or not left
        counts = told.as_json() if over else {"run": told.run, "pairs": told.pairs, "left": left}
        click.echo(json.dumps({"blind": not over, **counts}, ensure_ascii=False, indent=2))
    elif left and not ending:
        click.echo(f"{left:,} are left: the same command goes on, and --result tells what there is")
    else:
        _show(told)


def _found(home: Home, run: Run, prompts: Path | None, count: int, *, judge: bool, votes: bool) -> Ab:
    """Return the comparison once all answers are there, and whoever is to vote has voted."""
    from metahuman.state.background import background
    from metahuman.wiring import open_services

    home.create()
    services = open_services(home)
    try:
        found = _prepared(home, services, run, prompts, count, judge=judge)
        return _voted(found, services) if votes else found
    finally:
        background.run(services.aclose())


def _prepared(home: Home, services: HomeServices, run: Run, prompts: Path | None, count: int, *, judge: bool) -> Ab:
    from metahuman.cli.text import plain
    from metahuman.state.background import background
    from metahuman.voice.comparing import prepared
    from metahuman.voice.judging import judged, require_judge

    if judge:
        require_judge(services.registry())
    with shown_progress("answering") as tell:
        made = background.run(prepared(home, run, count=count, prompts=prompts, tell=tell, services=services))
    for prompt, why in made.unanswered.items():
        click.echo(plain(f"left out: {prompt[:60]!r}: {why}"), err=True)
    if not judge:
        return made.ab
    with shown_progress("judging") as tell:
        return background.run(judged(run, made.ab, services, tell))


def _voted(found: Ab, services: HomeServices) -> Ab:
    """Ask the person about one pair after the other, until none is left or they leave."""
    from rich.console import Console

    from metahuman.voice.blind import next_pair, vote

    console, at = Console(highlight=False), 0
    while shown := next_pair(found):
        at += 1
        for part in _parts(shown, at, wide=console.width >= WIDE):
            console.print(part)
        word = _asked()
        if word is None:
            break
        found = vote(found, shown.id, word, audit=services.audit, clock=services.clock)
    return found


def _asked() -> str | None:
    """Return what the person says of a pair; None if they leave, or nobody is there."""
    while True:
        try:
            word = click.prompt(QUESTION, prompt_suffix=": ").strip().lower()[:1]
        except click.Abort:
            return None
        if word == "q":
            return None
        if word in WORDS:
            return WORDS[word]


def _parts(shown: Shown, at: int, *, wide: bool) -> Iterator[RenderableType]:
    from rich.columns import Columns
    from rich.panel import Panel
    from rich.text import Text

    from metahuman.cli.text import plain

    left = shown.left - 1
    yield Text(f"\n{at}, {left:,} more" if left else f"\n{at}, the last", style="dim")
    yield Text(plain(shown.prompt), style="bold")
    panels = [
        Panel(Text(plain(text)), title=title, title_align="left")
        for title, text in (("1", shown.first), ("2", shown.second))
    ]
    if wide:
        yield Columns(panels, equal=True, expand=True)
    else:
        yield from panels


def _show(told: Result) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table("", "with the voice", "without", "tie", "neither", "skipped", title=told.run, title_justify="left")
    for voter, one in told.by.items():
        if voter == "person" or one.decided or one.ties or one.neither or one.skipped:
            numbers = (one.voice, one.base, one.ties, one.neither, one.skipped)
            table.add_row(voter, *(f"{number:,}" for number in numbers))
    console.print(table)
    for voter, one in told.by.items():
        for line in _lines(one):
            console.print(f"{voter}: {line}", markup=False, soft_wrap=True)
    if told.alike:
        console.print(f"{told.alike:,} of {told.pairs:,} pairs are the same words twice: nobody was asked about them")


def _lines(one: Count) -> Iterator[str]:
    rates = ((one.rate, "of the choices"), (one.rate_with_ties, "with a tie as half a win"))
    for rate, of in rates:
        if rate:
            yield f"the voice won {rate.value:.0%} {of} (95 % interval {rate.low:.0%} to {rate.high:.0%})"
    if one.p is None:
        return
    yield f"two-sided sign test: p = {one.p:.3g}"
    if one.needed:
        yield f"{one.needed:,} more choices at this share would settle it"
    elif one.needed is None:
        yield "no number of votes at this share would settle it"
