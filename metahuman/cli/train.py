"""`metahuman train`: a voice, learned from a dataset."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli import INTERRUPTED
from metahuman.cli.dataset_home import looking
from metahuman.cli.memory import InOrder
from metahuman.cli.memory_home import json_option
from metahuman.cli.names import dataset_names, model_ids, run_names
from metahuman.cli.train_show import list_runs, show, told_run

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.voice.planning import Plan
    from metahuman.voice.runs import Run


@click.group(cls=InOrder, short_help="Train a voice on a dataset.", invoke_without_command=True)
@click.option(
    "--dataset",
    metavar="NAME",
    shell_complete=dataset_names,
    help="What it learns from.  [default: the one that was built last]",
)
@click.option(
    "--base",
    metavar="MODEL",
    shell_complete=model_ids,
    help="Its entry in models.json.  [default: the persona's, if it is here]",
)
@click.option("--base-path", type=click.Path(path_type=Path), metavar="PATH", help="The base's file or folder.")
@click.option("--again", is_flag=True, help="Anew, without what was forgotten since; of a run that is flagged.")
@click.option(
    "--resume", metavar="RUN", shell_complete=run_names, help="Go on with that one; with --again, take that one."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def train(ctx: click.Context, /, *, yes: bool, dry_run: bool, as_json: bool, **asked: Any) -> None:
    """Train a voice: an adapter on top of a model that speaks as the persona.

    It is shown first what is to be done. Ctrl-C is no loss: the same command goes on from there. What comes of it is
    in out/adapters; nobody speaks with it until `metahuman persona promote`.
    """
    from metahuman.training.needs import require_train

    if ctx.invoked_subcommand is not None:
        return
    if not dry_run:
        require_train()
    home: Home = ctx.obj
    found = _unfinished(home, asked, yes=yes or dry_run)
    plan = None if found else _plan(home, **asked)
    _announce(found, plan, dry_run=dry_run, quiet=as_json)
    if dry_run:
        _say(told_run(found) if found else _told(plan), as_json=as_json)
        return
    if plan and not yes:
        click.confirm("train?", default=True, abort=True, err=True)
    _finish(_train(home, found, plan), as_json=as_json)


def _unfinished(home: Home, asked: dict[str, Any], *, yes: bool) -> Run | None:
    """Return the run to go on with: the one that was named, or the last one, if it was cut short and that is wanted."""
    from metahuman.state.errors import BadChoice
    from metahuman.voice.runs import find_run, runs

    if asked["again"]:
        return None
    if asked["resume"]:
        found = find_run(home, asked["resume"], finished=False)
        if found.finished:
            raise BadChoice(f"run {found.name} is finished; `metahuman train` begins a new one")
        return found
    last = next(iter(runs(home)), None)
    if last is None or last.finished or any(asked[one] for one in ("dataset", "base", "base_path")):
        return None
    question = f"run {last.name} on {last.job.dataset.name} is not finished: go on with it?"
    return last if yes or click.confirm(question, default=True, err=True) else None


def _plan(
    home: Home, *, dataset: str | None, base: str | None, base_path: Path | None, again: bool, resume: str | None
) -> Plan:
    from metahuman.clock import SystemClock
    from metahuman.voice.again import planned_again
    from metahuman.voice.planning import Wanted, planned

    now = SystemClock().now()
    with looking(home) as look:
        if again:
            return planned_again(home, resume, look, now)
        return planned(home, Wanted(dataset, base, base_path), look, now)


def _announce(run: Run | None, plan: Plan | None, *, dry_run: bool, quiet: bool) -> None:
    from metahuman.cli.text import plain

    if quiet:
        return
    if run:
        click.echo(plain(f"going on with {run.name}, on dataset {run.job.dataset.name}"))
        return
    assert plan is not None  # noqa: S101 - one of both there is
    job, settings = plan.job, plan.job.settings
    layers = f"the upper {settings.top_layers} layers" if settings.top_layers else "all layers"
    lines = [
        f"{'would train' if dry_run else 'to train'}: {job.name}",
        f"  dataset {job.dataset.name}: {plan.pairs:,} pairs to learn from, {plan.held_out:,} held out to test with",
        f"  about {plan.tokens:,} tokens, at most {settings.epochs} times",
        f"  base {job.base.model_id}: {job.base.path} ({job.base.architecture})",
        f"  a LoRA of rank {settings.rank} on {layers}; settings of etc/training.json",
        f"  into {plan.folder}",
    ]
    click.echo(plain("\n".join(lines)))


def _train(home: Home, run: Run | None, plan: Plan | None) -> Run:
    from metahuman.cli.training_bar import TrainingBar
    from metahuman.voice.planning import begun
    from metahuman.voice.training import train as run_train

    if plan:
        run = begun(plan)
    assert run is not None  # noqa: S101 - one of both there is
    bar = TrainingBar()
    try:
        return asyncio.run(run_train(home, run, bar.see))
    except KeyboardInterrupt:
        click.echo(f"stopped; `metahuman train --resume {run.name}` goes on from there", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    finally:
        bar.close()


def _finish(run: Run, *, as_json: bool) -> None:
    from metahuman.cli.text import plain
    from metahuman.cli.train_show import lines_of

    if as_json:
        _say(run.card or {}, as_json=True)
        return
    click.echo(plain("\n".join(lines_of(run))))
    click.echo(f"next: `metahuman persona eval {run.name}` measures it, `metahuman persona ab` lets you compare")


def _told(plan: Plan | None) -> dict[str, Any]:
    if plan is None:
        return {}
    about = {"folder": str(plan.folder), "pairs": plan.pairs, "heldOut": plan.held_out, "tokensEstimated": plan.tokens}
    return {"job": plan.job.model_dump(mode="json", by_alias=True), **about}


def _say(told: dict[str, Any], *, as_json: bool) -> None:
    from metahuman.state.files import whole

    if as_json:
        click.echo(json.dumps(whole(told), ensure_ascii=False, indent=2))


train.add_command(list_runs)
train.add_command(show)
