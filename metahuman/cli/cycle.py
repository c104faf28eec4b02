"""`metahuman cycle`: from memories to a voice, in one go, on this machine or on another one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli import INTERRUPTED
from metahuman.cli.cycle_elsewhere import drop, pods
from metahuman.cli.dataset_home import looking
from metahuman.cli.memory import InOrder
from metahuman.cli.memory_home import json_option
from metahuman.cli.names import model_ids

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.voice.cycle import Cycle, Step
    from metahuman.voice.runs import Run
    from metahuman.voice.steps import Wish

#: The steps, for `--from`; `metahuman.voice.cycle` has them too, and takes longer to import.
STEPS = ("curate", "build", "train", "export", "eval", "propose")
_PATH = click.Path(path_type=Path)


@click.group(cls=InOrder, short_help="Go all the way from memories to a voice.", invoke_without_command=True)
@click.option("--remote", metavar="WHERE", help="Train there: ssh://user@host:port/folder, runpod or skypilot.")
@click.option("--from", "start", type=click.Choice(STEPS), help="Begin with this step, whatever is done already.")
@click.option("--without-model", is_flag=True, help="Curate by rules alone.")
@click.option(
    "--base",
    metavar="MODEL",
    shell_complete=model_ids,
    help="Its entry in models.json.  [default: the persona's, if it is here]",
)
@click.option("--base-path", type=_PATH, metavar="PATH", help="The base's file or folder.")
@click.option("--samples", type=click.IntRange(1), default=40, show_default=True, help="Answers that eval asks for.")
@click.option("--write", "task", type=_PATH, metavar="FILE", help="With skypilot: only write its task, and stop there.")
@click.option("--keep", is_flag=True, help="Leave the job's folder on the other machine.")
@click.option("--dry-run", is_flag=True, help="Only say which steps are left.")
@click.option(
    "-y", "--yes", is_flag=True, help="Do not ask before a dataset leaves this machine. No voice is put in force."
)
@json_option
@click.pass_context
def cycle(ctx: click.Context, /, *, dry_run: bool, as_json: bool, **asked: Any) -> None:
    """Go all the way from memories to a voice: curate, build, train, export, eval, propose.

    What is done is not done again: after Ctrl-C or a crash, the same command goes on. Before anything leaves this
    machine you are asked, and told what and where to. A voice speaks only after it passed the gate, and you said yes.
    """
    if ctx.invoked_subcommand is None:
        if dry_run:
            _tell_plan(ctx.obj, asked["remote"], asked["start"], as_json=as_json)
        else:
            _Going(ctx, as_json=as_json, **asked).go()


def _tell_plan(home: Home, remote: str | None, start: Step | None, *, as_json: bool) -> None:
    from metahuman.cli.text import plain
    from metahuman.voice.cycle import DOES, told
    from metahuman.voice.remote import where_of

    found = _begun(home, str(where_of(remote)) if remote else None, start)
    if as_json:
        click.echo(json.dumps(told(found), ensure_ascii=False, indent=2))
        return
    click.echo(plain(f"would train: {found.where}"))
    for step, does in DOES.items():
        done = found.done.get(step)
        click.echo(plain(f"  {step:<8} {f'done: {done.told}' if done else does}"))


def _begun(home: Home, where: str | None, start: Step | None) -> Cycle:
    from metahuman.clock import SystemClock
    from metahuman.state.moments import iso
    from metahuman.voice.cycle import begun

    return begun(home, iso(SystemClock().now()), where, start)


class _Going:
    """A cycle that goes on until it is done, or somebody stops it.

    Args:
        ctx: The command's context.
        as_json: Whether what came of it is told as JSON.
        remote: Where to train; None for where the cycle was begun.
        start: The step to begin with.
        task: The file of a task that is only written.
        yes: Whether nobody is asked before a dataset leaves.
        asked: How the steps are to go.
    """

    def __init__(
        self,
        ctx: click.Context,
        *,
        as_json: bool,
        remote: str | None,
        start: Step | None,
        task: Path | None,
        yes: bool,
        **asked: Any,
    ) -> None:
        from metahuman.voice.remote import where_of
        from metahuman.voice.steps import Wish

        self._ctx, self._json, self._task, self._yes = ctx, as_json, task, yes
        self._home: Home = ctx.obj
        self._wish: Wish = Wish(partial(looking, self._home), **asked)
        self._where, self._start = str(where_of(remote)) if remote else None, start
        if task and self._where != "skypilot":
            raise click.UsageError("--write is for --remote skypilot")

    def go(self) -> None:
        """Do what is left, one cycle of a home at a time."""
        from metahuman.agents.alone import alone
        from metahuman.voice.cycle import NAME, told

        with asyncio.Runner() as runner, contextlib.ExitStack() as opened:
            held = contextlib.AsyncExitStack()
            runner.run(held.enter_async_context(alone(self._home, NAME)))
            opened.callback(lambda: runner.run(held.aclose()))
            found = _begun(self._home, self._where, self._start)
            try:
                for step in found.left:
                    self._do(runner, found, step)
            except KeyboardInterrupt:
                click.echo(_stopped(found), err=True)
                raise click.exceptions.Exit(INTERRUPTED) from None
        if self._json:
            click.echo(json.dumps(told(found), ensure_ascii=False, indent=2))

    def _do(self, runner: asyncio.Runner, found: Cycle, step: Step) -> None:
        """Do a step, and write down what came of it."""
        from metahuman.clock import SystemClock
        from metahuman.state.errors import MetaHumanError
        from metahuman.state.moments import iso
        from metahuman.voice.cycle import Done, save

        try:
            line = self._done(runner, found, step)
        except (MetaHumanError, KeyboardInterrupt) as error:
            self._note(step, "stopped" if isinstance(error, KeyboardInterrupt) else "failed", str(error))
            raise
        found.done[step] = Done(at=iso(SystemClock().now()), told=line)
        save(self._home, found)
        self._note(step, "done", line)

    def _note(self, step: Step, ended: str, line: str) -> None:
        from metahuman.cli.memory_home import write_down
        from metahuman.cli.text import plain
        from metahuman.state.remote_events import cycle_step

        write_down(self._home, cycle_step(step, ended, line))
        if ended == "done":
            click.echo(plain(f"{step:<8} {line}"), err=self._json)

    def _done(self, runner: asyncio.Runner, found: Cycle, step: Step) -> str:
        from metahuman.cli.cycle_watch import Watch
        from metahuman.voice import steps

        home, wish = self._home, self._wish
        with contextlib.closing(Watch(step)) as watch:
            match step:
                case "curate":
                    return runner.run(steps.curate(home, wish, watch.see))
                case "build":
                    return runner.run(steps.build(home, found, wish))
                case "train":
                    run = steps.prepared(home, found, wish)
                    if found.where == "skypilot" and not run.finished:
                        run = self._by_skypilot(found, run)
                    self._allow(found, run)
                    return runner.run(steps.train_it(home, found, run, wish, watch.see))
                case "export":
                    return runner.run(steps.export(home, found, watch.see))
                case "eval":
                    return runner.run(steps.measure(home, found, wish, watch.see))
                case "propose":
                    return self._propose(steps.run_of(home, found))

    def _allow(self, found: Cycle, run: Run) -> None:
        """Ask whether the dataset may leave this machine, unless it stays or has come back."""
        from metahuman.cli.text import plain
        from metahuman.voice.remote import leaving

        if found.where == "here" or run.finished:
            return
        counts = leaving(self._home, run.folder)
        told = f"{counts['pairs']:,} pairs of {run.job.dataset.name}, {counts['bytes'] / 1e6:,.1f} MB in all"
        click.echo(
            plain(f"to leave this machine for {found.where}: {told}, with the base model and the trainer"), err=True
        )
        if not self._yes:
            click.confirm("may they?", default=False, abort=True, err=True)

    def _by_skypilot(self, found: Cycle, run: Run) -> Run:
        """Have SkyPilot train a run, or take what it has brought back; return the run as it then is."""
        from metahuman.cli.text import plain
        from metahuman.voice.remote import back_of, launched, taken, write_skypilot
        from metahuman.voice.runs import find_run

        path = self._task or run.folder / "skypilot" / "task.yaml"
        back = back_of(path, run.name)
        if not (back / "card.json").exists():
            self._allow(found, run)
            commands = write_skypilot(self._home, run.folder, path)
            if self._task:
                lines = [shlex.join(one) for one in commands]
                click.echo(plain("\n  ".join(["written; then:", *lines])), err=True)
                click.echo("and the same command again takes what came back", err=True)
                raise click.exceptions.Exit(0)
            launched(commands)
        taken(self._home, run.folder, back, "skypilot")
        return find_run(self._home, run.name)

    def _propose(self, run: Run) -> str:
        """Show the gate, and ask; a voice that does not pass it is told, and not put in force."""
        from metahuman.cli.persona_voices import promote
        from metahuman.opening import open_registry
        from metahuman.voice.gate import gate

        found = gate(run, open_registry(self._home))
        if not found.passes:
            return f"{run.name} is not put in force: {', '.join(one.name for one in found.failing)}"
        if self._yes or self._json:
            return f"{run.name} may speak: `metahuman persona promote {run.name}`"
        try:
            self._ctx.invoke(promote, name=run.name, modes=("emulation",), anyway="", yes=False, as_json=False)
        except click.exceptions.Exit:
            return f"{run.name} may speak, and was not let: `metahuman persona promote {run.name}`"
        return f"{run.name} speaks; `metahuman persona rollback` goes back"


def _stopped(found: Cycle) -> str:
    there = found.where.startswith("ssh:") and found.run and "train" not in found.done
    more = "; over there it goes on, and `metahuman cycle drop` ends it" if there else ""
    return f"stopped; the same command goes on from there{more}"


cycle.add_command(pods)
cycle.add_command(drop)
