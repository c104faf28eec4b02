"""What each step of a cycle does, by the parts that do it alone too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metahuman.audit.log import AuditLog
from metahuman.clock import SystemClock
from metahuman.curating import curate as run_curator
from metahuman.home import Home
from metahuman.memory.dataset.assembling import Wanted as WantedDataset
from metahuman.memory.dataset.assembling import assembled
from metahuman.memory.dataset.lineage import Look
from metahuman.state.curation_events import dataset_built
from metahuman.state.errors import BadChoice
from metahuman.training.base import base_digest
from metahuman.training.job import GGUF
from metahuman.voice.cycle import Cycle, save
from metahuman.voice.evaluating import evaluate
from metahuman.voice.findings import findings_of
from metahuman.voice.planning import Wanted, begun, planned
from metahuman.voice.remote import train_elsewhere, where_of
from metahuman.voice.runs import Run, find_run
from metahuman.voice.training import child, train

#: Told of each event of a step.
Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Wish:
    """How the owner wants a cycle to go.

    Args:
        looking: Hands out what returns a memory as it is now.
        without_model: Whether rules alone curate.
        base: The base's entry in the registry; None leaves it to what can be trained.
        base_path: Where the base's files are.
        samples: Answers that the evaluation asks for.
        keep: Whether the job's folder stays on another machine.
    """

    looking: Callable[[], AbstractContextManager[Look]]
    without_model: bool = False
    base: str | None = None
    base_path: Path | None = None
    samples: int = 40
    keep: bool = False


async def curate(home: Home, wish: Wish, tell: Tell) -> str:
    """Curate every memory that nobody has curated; return what came of it."""
    done = 0

    def see(_looked: object, of: int) -> None:
        nonlocal done
        done += 1
        tell({"event": "curating", "done": done, "of": of})

    return (await run_curator(home, limit=0, without_model=wish.without_model, tell=see)).told()


async def build(home: Home, cycle: Cycle, wish: Wish) -> str:
    """Build a dataset; return what is in it."""
    with wish.looking() as look:
        made = await asyncio.to_thread(assembled, home.root, WantedDataset(), look)
    with closing(AuditLog(home.audit, SystemClock())) as log:
        log.record(dataset_built(made.card))
    cycle.dataset = str(made.card["name"])
    sides = made.card["sides"]
    return f"{cycle.dataset}: {sides['train']['pairs']:,} pairs, {sides['held-out']['pairs']:,} held out"


def prepared(home: Home, cycle: Cycle, wish: Wish) -> Run:
    """Return the cycle's run: the one that was begun, or a new one, which is written down at once.

    Raises:
        BadChoice: If there is no such dataset or base, or it may not be trained on, or cannot.
    """
    if cycle.run:
        return find_run(home, cycle.run, finished=False)
    with wish.looking() as look:
        plan = planned(home, Wanted(cycle.dataset, wish.base, wish.base_path), look, SystemClock().now())
    run = begun(plan)
    cycle.run = run.name
    save(home, cycle)
    return run


async def train_it(home: Home, cycle: Cycle, run: Run, wish: Wish, tell: Tell) -> str:
    """Train the cycle's run, here or elsewhere; return how that went. The owner has allowed what leaves."""
    if not run.finished and cycle.where == "here":
        run = await train(home, run, tell)
    elif not run.finished:
        await train_elsewhere(home, run.folder, where_of(cycle.where), tell, keep=wish.keep)
    return f"{run.name}: {_went(find_run(home, run.name).card or {})}"


async def export(home: Home, cycle: Cycle, tell: Tell) -> str:
    """See that the adapter is as its card says; return that."""
    run = run_of(home, cycle)
    promised = ((run.card or {}).get("files") or {}).get(GGUF)
    if promised and not run.gguf.exists():
        await child("export", run.folder, tell)
    if promised and base_digest(run.gguf) != promised.get("sha256"):
        raise BadChoice(f"{run.gguf} is not what its card promises; `metahuman cycle --from train` trains anew")
    return f"{GGUF}, {run.gguf.stat().st_size / 1e6:,.1f} MB, as its card says" if promised else "safetensors only"


async def measure(home: Home, cycle: Cycle, wish: Wish, tell: Tell) -> str:
    """Evaluate the voice; return what was found, in one line."""
    await evaluate(home, run_of(home, cycle), samples=wish.samples, tell=tell)
    found = findings_of(run_of(home, cycle).evaluation)
    voice = found.voice if found else None
    return f"voice score {voice.value:.2f}" if voice else "there is too little text to tell a score"


def run_of(home: Home, cycle: Cycle) -> Run:
    """Return the finished run of a cycle; of one that began later, the newest there is.

    Raises:
        BadChoice: If there is none.
    """
    run = find_run(home, cycle.run)
    cycle.run = run.name
    return run


def _went(card: Mapping[str, Any]) -> str:
    losses = card.get("losses")
    held = [losses.get(key) for key in ("heldOutBase", "heldOut")] if isinstance(losses, dict) else []
    if len(held) == 2 and all(isinstance(one, int | float) for one in held):
        return f"loss on held-out pairs {held[0]:.2f} before, {held[1]:.2f} after"
    return "trained"
