"""`metahuman persona eval`: a voice put to the proof."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli import INTERRUPTED
from metahuman.cli.names import run_names

if TYPE_CHECKING:
    from rich.console import Console

    from metahuman.home import Home
    from metahuman.voice.runs import Run


@click.command("eval", short_help="Put a voice to the proof.")
@click.argument("run", required=False, shell_complete=run_names)
@click.option(
    "--samples", type=click.IntRange(1, 1000), default=40, show_default=True, metavar="N", help="Prompts to ask."
)
@click.option("--without-samples", is_flag=True, help="Ask the models nothing: judge the samples that are there.")
@click.option(
    "--canaries",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Secrets planted in the training texts: a JSON object a line with prompt, before and secret.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.pass_obj
def evaluate(
    home: Home,
    run: str | None,
    *,
    samples: int,
    without_samples: bool,
    canaries: Path | None,
    as_json: bool,
    open_page: bool,
) -> None:
    """Measure the voice of RUN, by default the newest: how like you it is, what it forgot, what it gives away.

    The prompts of the held-out pairs are asked with the adapter and without. Nothing is remembered, and nobody needs
    to have promoted it. What is found goes into the run's folder, with a page to look at.
    """
    from metahuman.training.job import EVALUATION
    from metahuman.voice.evaluating import PAGE
    from metahuman.voice.runs import find_run

    found = find_run(home, run)
    report = _run(home, found, 0 if without_samples else samples, canaries)
    path = found.folder / EVALUATION / PAGE
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        from rich.console import Console

        show(Console(highlight=False), report, path)
    if open_page:
        click.launch(path.as_uri())


def _run(home: Home, run: Run, samples: int, canaries: Path | None) -> dict[str, Any]:
    from metahuman.cli.memory_home import shown_progress
    from metahuman.voice.evaluating import evaluate as put_to_proof

    with shown_progress("proving") as progress:

        def tell(event: dict[str, Any]) -> None:
            if event["event"] == "proving":
                progress(int(event["done"]), int(event["of"]))

        try:
            return asyncio.run(put_to_proof(home, run, samples=samples, canaries=canaries, tell=tell))
        except KeyboardInterrupt:
            click.echo("stopped; the same command goes on with the samples that are there", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None


def show(console: Console, report: dict[str, Any], path: Path) -> None:
    """Print what was found: figures without and with the adapter, what they come to, and where the page is."""
    from rich.table import Table
    from rich.text import Text

    from metahuman.cli.text import plain
    from metahuman.voice.told import tables

    if report["tainted"]:
        console.print(
            "tainted: it knew a memory that was forgotten; `metahuman train --again` makes it anew", style="red"
        )
    for title, lines in tables(report).items():
        if lines:
            table = Table(title, "without", "with the adapter", box=None, padding=(0, 2, 0, 0), title_justify="left")
            for line in lines:
                table.add_row(line.what, line.base, line.adapter)
            console.print(table)
            console.print()
    for line in report["verdict"]["lines"]:
        console.print(Text(f"- {plain(line)}"))
    for leak in report["leaks"]["reported"]:
        console.print(Text(f"leak: {plain(leak['told'])}", style="red"))
    console.print(Text(str(path), style="dim"), soft_wrap=True)
