"""The whole way from memories to a voice, in steps that can be gone on with: `state/cycle.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from metahuman.home import Home
from metahuman.state.errors import BadChoice
from metahuman.state.files import read_json, store_errors, write_json
from metahuman.state.written import read_as

#: The kind of run of which a home has one at a time.
NAME = "cycle"
Step = Literal["curate", "build", "train", "export", "eval", "propose"]
STEPS: tuple[Step, ...] = get_args(Step)
#: What each step does, in a few words.
DOES: dict[Step, str] = {
    "curate": "make memories ready to learn from",
    "build": "choose pairs, and write them as a dataset",
    "train": "train an adapter on them",
    "export": "see that the adapter is whole, as the persona's model loads it",
    "eval": "measure how much the voice is the owner's, and what it gives away",
    "propose": "show what it has shown, and let it speak if you say so",
}


class _Said(BaseModel):
    """camelCase in the file, snake_case in Python."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Done(_Said):
    """A step that is done.

    Args:
        at: When.
        told: What came of it, in one line.
    """

    at: str
    told: str


class Cycle(_Said):
    """How far a cycle is.

    Args:
        started_at: When it was begun.
        where: Where it trains: as `--remote` names it, or "here".
        dataset: The dataset that was built.
        run: The run that was begun.
        done: The steps that are done.
    """

    started_at: str
    where: str = "here"
    dataset: str | None = None
    run: str | None = None
    done: Annotated[dict[Step, Done], Field(default_factory=dict)]

    @property
    def left(self) -> list[Step]:
        """The steps that are not done, in their order."""
        return [step for step in STEPS if step not in self.done]


def file_of(home: Home) -> Path:
    """Return where a home's cycle is written down."""
    return home.root / "state" / "cycle.json"


def load(home: Home) -> Cycle | None:
    """Return the cycle that is under way; None if there is none, or the last one is done.

    Raises:
        SettingError: If the file is wrong.
    """
    path = file_of(home)
    if not path.exists():
        return None
    found = read_as(Cycle, path, read_json(path), "delete the file: a new cycle begins")
    return found if found.left else None


def save(home: Home, cycle: Cycle) -> None:
    """Write down how far a cycle is.

    Raises:
        StoreError: If it cannot be written.
    """
    write_json(file_of(home), cycle.model_dump(mode="json", by_alias=True))


def forget(home: Home) -> None:
    """Have no cycle under way any more; what it has made stays.

    Raises:
        StoreError: If the file cannot be deleted.
    """
    with store_errors(file_of(home)):
        file_of(home).unlink(missing_ok=True)


def begun(home: Home, now: str, where: str | None, start: Step | None) -> Cycle:
    """Return the cycle to go on with, or a new one.

    Args:
        home: The home.
        now: When a new one begins.
        where: Where to train; None for where the cycle was begun, or here.
        start: The step to begin with, whatever is done already; None goes on.

    Raises:
        BadChoice: If what the step needs is not there, or training is under way elsewhere.
        SettingError: If the cycle's file is wrong.
    """
    found = load(home) or Cycle(started_at=now, where=where or "here", done={})
    if where and where != found.where:
        if found.run and "train" not in found.done:
            remedy = "`metahuman cycle drop` ends it there"
            raise BadChoice(f"this cycle trains at {found.where}: go on with it there, or {remedy}")
        found.where = where
    if start:
        _back_to(found, start, now)
    return found


def _back_to(cycle: Cycle, start: Step, now: str) -> None:
    """Have a cycle begin with a step: those before it count as done, those from it on do not."""
    before = STEPS[: STEPS.index(start)]
    done = {step: cycle.done.get(step, Done(at=now, told="left out, by --from")) for step in before}
    cycle.done = done
    if "build" not in done:
        cycle.dataset = None
    if "train" not in done and start != "train":
        cycle.run = None


def told(cycle: Cycle) -> dict[str, Any]:
    """Return a cycle as plain values, a line for each step."""
    steps = [
        {"step": step, "does": DOES[step], "done": step in cycle.done}
        | ({"told": cycle.done[step].told, "at": cycle.done[step].at} if step in cycle.done else {})
        for step in STEPS
    ]
    about = {"startedAt": cycle.started_at, "where": cycle.where, "dataset": cycle.dataset, "run": cycle.run}
    return {**about, "steps": steps}
