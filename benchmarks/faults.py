"""Days of a simulated life that go wrong, and what each has lost: see docs/faults.md.

    python benchmarks/faults.py [--runs 45] [--seed 1] [--only KIND ...] [--json FILE] [--keep DIR]

Each run begins with a copy of one home, and has a process live a day in it: turns over a server that speaks OpenAI's
protocol, tools with approvals, edits, curation, digests, datasets, voices, talk over HTTP. What goes wrong, and when,
the seed decides. Then a fresh process looks whether all is there that the day was told is done.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from metahuman.cli.progress import Bar
from tests.faults.kinds import KINDS, a_run
from tests.faults.runs import Harness, Outcome, harness

#: The last five: what the days were told is done, the errors that they were told, files that a writer left unfinished,
#: runs in which something was lost or wrong, and seconds by the clock.
COLUMNS = ("kind", "runs", "struck", "done", "errors", "litter", "failed", "s each")


def runs_of(at_work: Harness, seeds: Iterable[int], kinds: Sequence[str], keep: bool) -> list[Outcome]:
    """Do a run for each seed, the kinds in turn, and show how far it has come."""
    seeds, outcomes, bar = list(seeds), list[Outcome](), Bar("days", of="items")
    for done, seed in enumerate(seeds, 1):
        started = time.monotonic()
        outcome = a_run(at_work, kinds[seed % len(kinds)], seed, keep=keep)
        outcome.seconds = time.monotonic() - started
        outcomes.append(outcome)
        bar.advance(done, len(seeds))
    bar.close()
    return outcomes


def table(outcomes: Sequence[Outcome]) -> Table:
    """Return what came of the runs, a row for each kind and one for all."""
    shown = Table(*COLUMNS)
    kinds = sorted({one.kind for one in outcomes})
    for name in (*kinds, ""):
        of_kind = [one for one in outcomes if not name or one.kind == name]
        counts = [
            len(of_kind),
            sum(one.struck for one in of_kind),
            sum(one.facts for one in of_kind),
            sum(len(one.errors) for one in of_kind),
            sum(one.litter for one in of_kind),
            sum(bool(one.wrong) for one in of_kind),
        ]
        seconds = sum(one.seconds for one in of_kind) / len(of_kind)
        shown.add_row(name or "all", *(f"{count:,}" for count in counts), f"{seconds:.1f}")
    return shown


def tell(console: Console, outcome: Outcome) -> None:
    """Tell what was wrong in a run, and how to repeat it."""
    console.print(f"\n[red]{outcome.kind}[/]: {escape(outcome.detail)}", highlight=False)
    command = f'python benchmarks/faults.py --runs 1 --seed {outcome.seed} --only "{outcome.kind}" --keep DIR'
    console.print(f"  again: {command}", highlight=False)
    for wrong in outcome.wrong:
        console.print(f"  {escape(wrong)}", highlight=False)


def main() -> int:
    """Do the runs, and tell what came of them; 1 if something was wrong in one."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    wanted.add_argument("--runs", type=int, default=45, help="how many days go wrong")
    wanted.add_argument("--seed", type=int, default=1, help="of the first run; the others count on from it")
    wanted.add_argument("--only", nargs="+", choices=KINDS, metavar="KIND", help=f"of {', '.join(KINDS)}")
    wanted.add_argument("--json", type=Path, metavar="FILE", help="where the figures are written")
    wanted.add_argument("--keep", type=Path, metavar="DIR", help="where the homes are, and stay")
    given = wanted.parse_args()
    console, started = Console(), time.monotonic()
    with ExitStack() as opened:
        folder = given.keep or Path(opened.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        at_work = opened.enter_context(harness(folder))
        seeds = range(given.seed, given.seed + given.runs)
        outcomes = runs_of(at_work, seeds, given.only or list(KINDS), keep=given.keep is not None)
    machine = f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores"
    seconds, failed = time.monotonic() - started, [one for one in outcomes if one.wrong]
    console.print(f"{machine}; {given.runs} runs in {seconds:.0f} s, the first with seed {given.seed}", highlight=False)
    console.print(table(outcomes))
    for outcome in failed:
        tell(console, outcome)
    if given.json:
        told = {"machine": machine, "seconds": seconds, "seed": given.seed, "runs": [asdict(one) for one in outcomes]}
        given.json.write_text(json.dumps(told, indent=1) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
