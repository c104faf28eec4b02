"""`metahuman curate`: memories made ready to learn from, by the curator's model or by rules."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from metahuman.cli import INTERRUPTED
from metahuman.cli.memory_home import json_option

if TYPE_CHECKING:
    from metahuman.curating import CurationRun, Tell
    from metahuman.home import Home
    from metahuman.state.curating import Looked

#: Characters of a side that are shown of what would be kept.
SHOWN = 100


@click.command(short_help="Make memories ready to learn from.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most.")
@click.option("--all", "everything", is_flag=True, help="All that nobody has curated yet.")
@click.option("--without-model", is_flag=True, help="Ask no model: rules alone decide.")
@click.option("--dry-run", is_flag=True, help="Only show what would be kept.")
@click.option("--once", is_flag=True, help="For cron: if another run is under way, end quietly.")
@json_option
@click.pass_obj
def curate(
    home: Home, *, limit: int, everything: bool, without_model: bool, dry_run: bool, once: bool, as_json: bool
) -> None:
    """Make memories ready to learn from: without tool syntax, secrets and personal data, and only what was said.

    The oldest that nobody has curated yet come first. Those that the curator's model does not answer for are left for
    the next run, so Ctrl-C is no loss either. Exit code 1 if it answered for none.
    """
    from metahuman.agents.alone import AlreadyRunning

    watch = _Watch(shows=dry_run and not as_json)
    options = {"limit": 0 if everything else limit, "without_model": without_model, "dry_run": dry_run}
    try:
        run = _run(home, watch.see, options)
    except AlreadyRunning:
        if once:
            return
        raise
    except KeyboardInterrupt:
        click.echo(
            f"stopped; {watch.fates.total():,} were looked at, and the same command goes on from there", err=True
        )
        raise click.exceptions.Exit(INTERRUPTED) from None
    finally:
        watch.close()
    _tell(run, watch, dry_run=dry_run, as_json=as_json)
    if watch.why and not watch.answered:
        raise click.exceptions.Exit(1)


def _run(home: Home, tell: Tell, options: dict[str, Any]) -> CurationRun:
    from metahuman.curating import curate
    from metahuman.state.background import background

    return background.run(curate(home, tell=tell, **options))


class _Watch:
    """Sees each memory as it is looked at.

    Args:
        shows: Whether what would be kept is printed.
    """

    def __init__(self, *, shows: bool) -> None:
        from metahuman.cli.progress import Bar

        self.fates, self.why = Counter[str](), ""
        self.seen: list[Looked] = []
        self.answered = False
        self._bar, self._shows = Bar("curating", "items"), shows

    def see(self, looked: Looked, total: int) -> None:
        """Take note of one memory."""
        self.fates[looked["fate"]] += 1
        self.seen.append(looked)
        self.answered = self.answered or looked["by"] not in ("", "rules")
        if looked["fate"] == "again":
            self.why = looked["refused"][0]
        if self._shows:
            click.echo(_line(looked))
        else:
            self._bar.advance(self.fates.total(), total)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


def _line(looked: Looked) -> str:
    """Return what would become of a memory, in a line or three."""
    from metahuman.cli.text import plain

    why = f": {'; '.join(looked['refused'])}" if looked["refused"] else ""
    texts = [looked["said"], looked["answered"]] if looked["fate"] == "pair" else []
    shown = [f"    {' '.join(text.split())[:SHOWN]}" for text in texts]
    return plain("\n".join([f"{looked['fate']:<8} {looked['id']}{why}", *shown]))


def _tell(run: CurationRun, watch: _Watch, *, dry_run: bool, as_json: bool) -> None:
    from metahuman.cli.text import plain

    if as_json:
        counts = {"fates": run.fates, "refusals": run.refusals, "replaced": run.replaced, "pairs": run.pairs}
        seen = {"memories": watch.seen} if dry_run else {}
        click.echo(json.dumps({"dryRun": dry_run, **counts, **seen}, ensure_ascii=False, indent=2))
        return
    told = run.told()
    click.echo(f"would be: {told.partition(';')[0]}" if dry_run else told)
    for reason, count in sorted(run.refusals.items(), key=lambda one: (-one[1], one[0])):
        click.echo(plain(f"{count:>6,}  {reason}"))
    if run.replaced:
        click.echo(f"{sum(run.replaced.values()):,} times the model had invented something; what was said stands there")
    if watch.why:
        click.echo(plain(f"left for later: {watch.why}; --without-model curates by rules alone"), err=True)
