"""`metahuman train list` and `show`: the runs of a home, and how one went."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli.memory_home import json_option
from metahuman.cli.names import run_names

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.voice.runs import Run


@click.command("list", short_help="Show what was trained.")
@json_option
@click.pass_obj
def list_runs(home: Home, *, as_json: bool) -> None:
    """Show what was trained, the newest first, with the losses of the base and of the voice."""
    from metahuman.cli.text import plain
    from metahuman.state.files import whole
    from metahuman.voice.runs import NONE_YET, look

    found = look(home)
    if as_json:
        told = {"runs": [told_run(run) for run in found.runs], "problems": found.problems}
        click.echo(json.dumps(whole(told), ensure_ascii=False, indent=2))
        return
    if not found.runs and not found.problems:
        click.echo(f"{NONE_YET[0].upper()}{NONE_YET[1:]}.")
    if found.runs:
        _table(found.runs)
    for problem in found.problems:
        click.echo(plain(f"metahuman: {problem}"), err=True)


@click.command(short_help="Show how a run went.")
@click.argument("name", metavar="[RUN]", required=False, shell_complete=run_names)
@json_option
@click.pass_obj
def show(home: Home, name: str | None, *, as_json: bool) -> None:
    """Show how a run went, by default the newest one."""
    from metahuman.cli.text import plain
    from metahuman.state.files import whole
    from metahuman.voice.runs import find_run

    run = find_run(home, name, finished=False)
    if as_json:
        told = run.card or {"job": run.job.model_dump(mode="json", by_alias=True)}
        click.echo(json.dumps(whole(told), ensure_ascii=False, indent=2))
        return
    click.echo(plain("\n".join(lines_of(run))))


def told_run(run: Run) -> dict[str, Any]:
    """Return what is told of a run in a list."""
    card = run.card or {}
    return {
        "name": run.name,
        "folder": str(run.folder),
        "dataset": run.job.dataset.name,
        "base": run.job.base.model_id,
        "finished": run.finished,
        "flagged": run.flagged,
        "losses": card.get("losses"),
        "evaluated": run.evaluation is not None,
    }


def lines_of(run: Run) -> list[str]:
    """Return what is told of a run by itself."""
    card = run.card
    head = [f"{run.name}: dataset {run.job.dataset.name} on {run.job.base.model_id}"]
    if card is None:
        return [*head, f"  not finished; `metahuman train --resume {run.name}` goes on with it"]
    losses, rows = _part(card, "losses"), _part(card, "rows")
    pairs = " and ".join(f"{_part(rows, side).get('pairs', 0)} {words}" for side, words in _SIDES)
    lines = [
        *head,
        f"  {pairs}; {card.get('steps')} steps, {card.get('epochsRun')} epochs, stopped: {card.get('stopped')}",
        f"  {_number(card.get('seconds')):,.0f} s on {_part(card, 'machine').get('device')}",
        f"  perplexity of the held-out answers: {_change(losses, 'heldOut')}",
        f"  of neutral answers: {_change(losses, 'neutral')}",
        f"  adapter: {run.gguf}",
    ]
    if equality := _part(card, "equality"):
        same = f"{equality.get('sameGreedy')} of {equality.get('prompts')} prompts go on alike"
        told = f"{same}, logits differ by {equality.get('meanLogitDifference')} in the mean"
        lines.append(f"  llama.cpp beside the trainer: {told}")
    if run.flagged:
        lines.append(f"  flagged: {run.flagged.get('reason')}; `metahuman train --again --resume {run.name}`")
    return lines


_SIDES = (("train", "pairs learned from"), ("heldOut", "held out"))


def _table(found: list[Run]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("run", "dataset", "base", "held-out perplexity", "neutral", ""):
        table.add_column(name, overflow="fold")
    for run in found:
        losses = _part(run.card or {}, "losses")
        mark = "flagged: train it anew" if run.flagged else "" if run.finished else "not finished"
        cells = [run.name, run.job.dataset.name, run.job.base.model_id, _change(losses, "heldOut")]
        table.add_row(*map(Text, [*cells, _change(losses, "neutral"), mark]))
    Console(highlight=False).print(table)


def _change(losses: Mapping[str, Any], key: str) -> str:
    """Return the perplexity of the base and of the voice, from their losses in nats."""
    before, after = losses.get(f"{key}Base"), losses.get(key)
    if not isinstance(before, int | float) or not isinstance(after, int | float):
        return "-"
    return f"{_perplexity(before)} → {_perplexity(after)} ({math.expm1(min(after - before, 50)):+.0%})"


def _perplexity(loss: float) -> str:
    return f"{math.exp(min(loss, 50)):.4g}"


def _part(card: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = card.get(key)
    return found if isinstance(found, Mapping) else {}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
