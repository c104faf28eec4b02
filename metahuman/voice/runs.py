"""The training runs of a home, and what became of each: `out/adapters/<date>/<run>/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.home import Home
from metahuman.state.errors import BadChoice, MetaHumanError
from metahuman.state.files import read_json
from metahuman.training.job import CARD, EVALUATION, GGUF, JOB, Job, read_job

REPORT = "report.json"
NONE_YET = "no voice was trained yet; `metahuman train` does that"
#: Names that are listed where one names nothing.
NAMED = 5


@dataclass(frozen=True)
class Run:
    """A training run.

    Args:
        folder: Where it is.
        job: What it was given.
        card: How it went; None while it is not finished.
        evaluation: What `metahuman persona eval` found; None if nobody evaluated it yet.
    """

    folder: Path
    job: Job
    card: dict[str, Any] | None = None
    evaluation: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The run's name."""
        return self.job.name

    @property
    def finished(self) -> bool:
        """Whether it has an adapter that was exported and checked."""
        return self.card is not None

    @property
    def flagged(self) -> dict[str, Any] | None:
        """Why it must not be used any more, under `reason`, and the `memoryIds` that are forgotten; None if it may."""
        extra = self.job.model_extra or {}  # a memory may be forgotten while its run is being trained
        found = (self.card or {}).get("flagged") or extra.get("flagged")
        return found if isinstance(found, dict) else None

    @property
    def gguf(self) -> Path:
        """The adapter's file."""
        return self.folder / GGUF


class Found(NamedTuple):
    """What lies in the folder of runs.

    Args:
        runs: Those that can be read, the newest first.
        problems: A line for each file that cannot.
    """

    runs: list[Run]
    problems: list[str]


def adapters_folder(home: Home) -> Path:
    """Return where the runs are, in a folder for each day."""
    return home.root / "out" / "adapters"


def look(home: Home) -> Found:
    """Return the runs of a home. A broken file is told, and stops nothing."""
    found = Found([], [])
    for path in sorted(adapters_folder(home).glob(f"*/*/{JOB}")):
        try:
            found.runs.append(_read(path.parent, found.problems))
        except MetaHumanError as error:
            found.problems.append(str(error))
    found.runs.sort(key=lambda run: (run.job.created_at, run.name), reverse=True)
    return found


def runs(home: Home) -> list[Run]:
    """Return the runs that can be read, the newest first."""
    return look(home).runs


def find_run(home: Home, name: str | None = None, *, finished: bool = True) -> Run:
    """Return a run.

    Args:
        home: The home.
        name: Its name, or how that begins; None takes the newest.
        finished: Whether it has to be finished.

    Raises:
        BadChoice: If there is none, or several begin so, or the one that was named is not finished.
    """
    there = runs(home)
    if name is None:
        return _newest(there, finished=finished)
    begun = [run for run in there if name and run.name.startswith(name)]
    fitting = [run for run in begun if run.name == name] or begun
    if len(fitting) != 1:
        listed = ", ".join(run.name for run in (fitting or there)[:NAMED])
        what = "may be any of" if fitting else "is no run; there are"
        raise BadChoice(f"{name!r} {what} {listed}" if listed else NONE_YET)
    if finished and not fitting[0].finished:
        named = fitting[0].name
        raise BadChoice(f"run {named} is not finished; `metahuman train --resume {named}` goes on with it")
    return fitting[0]


def _newest(there: list[Run], *, finished: bool) -> Run:
    found = next((run for run in there if run.finished or not finished), None)
    if found is None:
        raise BadChoice("no run is finished; `metahuman train` goes on with the last" if there else NONE_YET)
    return found


def _read(folder: Path, problems: list[str]) -> Run:
    job, card = read_job(folder), folder / CARD
    read = read_json(card) if card.exists() else None
    return Run(folder, job, read, _evaluation(folder / EVALUATION / REPORT, problems))


def _evaluation(report: Path, problems: list[str]) -> dict[str, Any] | None:
    """Return what was found; a report that is broken can be made again, and hides no voice."""
    try:
        return read_json(report) if report.exists() else None
    except MetaHumanError as error:
        problems.append(str(error))
        return None
