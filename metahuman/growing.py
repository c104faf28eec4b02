"""What a twin knows and learns: memories brought in and recalled, curation and digest, datasets and voices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metahuman.home import Home
from metahuman.state.background import background
from metahuman.wiring import HomeServices

if TYPE_CHECKING:  # each is loaded when it is first asked for
    from metahuman.curating import CurationRun
    from metahuman.digesting import Digested
    from metahuman.explaining import Explained
    from metahuman.memory.dataset.assembling import Dataset
    from metahuman.memory.importing.report import Report
    from metahuman.remembering import Recalled
    from metahuman.state.curating import Looked
    from metahuman.training.job import TrainingSettings
    from metahuman.voice.comparing import Prepared
    from metahuman.voice.runs import Run


@dataclass(frozen=True)
class Imported:
    """What came of an import.

    Args:
        format: What it was.
        fates: How many memories became what; see `metahuman.memory.importing.bringing.Fate`.
        report: What was left out, and why.
    """

    format: str
    fates: dict[str, int]
    report: Report


def _silent(_: object) -> None:
    """Tell nobody."""


class Growing:
    """The part of the Python API with which a twin grows: what it remembers, and how it learns to speak."""

    home: Home
    services: HomeServices

    def import_memories(self, path: Path | str, *, training: bool = True) -> Imported:
        """Bring in an export of ChatGPT or Claude, another home, a journal, or lines of JSON.

        What was brought in before is not doubled.

        Args:
            path: The file, folder or zip.
            training: Whether a voice may be trained on it.

        Raises:
            BadChoice: If it is none of these.
            StoreError: If something cannot be read or written.
        """
        from metahuman.memory.importing.bringing import brought_in, told_of
        from metahuman.memory.importing.reading import read_import

        found = read_import(Path(path).expanduser(), consent=training)
        fates = Counter[str](brought_in(self.services.memory, found))
        self.services.audit.record(told_of(Path(path), found, fates))
        return Imported(found.format, dict(fates), found.report)

    def recall(self, text: str, *, limit: int = 8) -> list[Recalled]:
        """Return what a message would bring to mind, best first.

        Args:
            text: The message; its words for time count: "yesterday" is a day.
            limit: How many at most.

        Raises:
            StoreError: If the memories cannot be read.
        """
        from metahuman.memory.recall.recaller import Wanted
        from metahuman.remembering import recalled

        memory = self.services.memory
        memory.ready()
        return recalled(memory, Wanted(text, self.services.clock.now().astimezone(), limit=limit))

    def explain(self, text: str, *, ask: bool = False) -> Explained:
        """Return where a message would go, who decides that, and on what grounds; nothing is done.

        Args:
            text: The message, as the first of a conversation.
            ask: Whether to ask the orchestrator's model, also where the classifier is sure.

        Raises:
            SettingError: If a setting of routing is wrong.
            StoreError: If the classifier cannot be read.
        """
        from metahuman.explaining import Question, explain
        from metahuman.state.short_term import from_file

        return background.run(explain(self.home, Question(text, [], from_file({}), None), ask=ask))

    def digest(self, *, days: int | None = None, without_model: bool = False) -> Digested:
        """Look back on the last days, and write what keeps coming up into the persona cache.

        Args:
            days: How many; 14 by default.
            without_model: Whether counting alone decides.

        Raises:
            AlreadyRunning: If another digest is under way in the home.
            StoreError: If memories cannot be read, or the cache cannot be written.
        """
        from metahuman.digesting import digest
        from metahuman.state.digesting import DAYS

        found = digest(self.home, days=days or DAYS, without_model=without_model, services=self.services)
        return background.run(found)

    def curate(
        self,
        *,
        limit: int | None = None,
        without_model: bool = False,
        tell: Callable[[Looked, int], None] | None = None,
    ) -> CurationRun:
        """Make pairs of memories that nobody has curated yet, the oldest first.

        Args:
            limit: How many memories at most; 50 by default, 0 for all.
            without_model: Whether rules alone decide.
            tell: Told of each memory when it has been looked at, and of how many there are to look at.

        Raises:
            AlreadyRunning: If another run is under way in the home.
            StoreError: If memories cannot be read or written.
        """
        from metahuman.curating import curate
        from metahuman.nodes.pick import LIMIT

        most = LIMIT if limit is None else limit
        run = curate(self.home, limit=most, without_model=without_model, tell=tell, services=self.services)
        return background.run(run)

    def build_dataset(self, name: str | None = None) -> Dataset:
        """Choose the pairs that a voice is to learn from, and those to test it with, and write them down.

        Args:
            name: What it is called; by default the day on which the latest of its memories was curated.

        Raises:
            BadChoice: If nothing can be called so, or there is no pair that may be trained on.
            SettingError: If `etc/adapter-builder.json` is wrong.
            StoreError: If it cannot be written.
        """
        from metahuman.memory.dataset.assembling import Wanted, assembled
        from metahuman.memory.dataset.looking import look_in

        return assembled(self.home.root, Wanted(name), look_in(self.services.memory.keeper))

    def train(
        self,
        dataset: str | None = None,
        *,
        settings: TrainingSettings | None = None,
        tell: Callable[[dict[str, Any]], None] = _silent,
    ) -> Run:
        """Train a voice, and return its run. Cut short, `metahuman train` goes on with it.

        Args:
            dataset: What it learns from; by default the one that was built last.
            settings: How; by default what `etc/training.json` says.
            tell: Told of each step.

        Raises:
            AlreadyRunning: If another training is under way in the home.
            BadChoice: If there is no such dataset, or no base that can be trained.
            NotInstalled: If the extra `train` is missing.
            TrainingFailed: If it could not be done.
            SettingError, StoreError: If a file is wrong, or cannot be read or written.
        """
        from metahuman.memory.dataset.looking import look_in
        from metahuman.training.needs import require_train
        from metahuman.voice.planning import Wanted, begun, planned
        from metahuman.voice.training import train

        require_train()
        look, now = look_in(self.services.memory.keeper), self.services.clock.now()
        plan = planned(self.home, Wanted(dataset, settings=settings), look, now)
        return background.run(train(self.home, begun(plan), tell))

    def evaluate(
        self, run: str | None = None, *, samples: int = 40, tell: Callable[[dict[str, Any]], None] = _silent
    ) -> dict[str, Any]:
        """Put a voice to the proof; return the report that is also in its run's folder, with a page to look at.

        Args:
            run: Whose; by default the newest.
            samples: How many held-out prompts are asked, with the voice and without.
            tell: Told what happens.

        Raises:
            BadChoice: If there is no such run, or its base has no entry in the registry any more.
            ModelError: If a model cannot be asked.
            NotInstalled: If the extra `train` is missing.
            TrainingFailed: If the process that measures could not do it.
            SettingError, StoreError: If a file is wrong, or cannot be read or written.
        """
        from metahuman.voice.evaluating import evaluate
        from metahuman.voice.runs import find_run

        found = find_run(self.home, run)
        return background.run(evaluate(self.home, found, samples=samples, tell=tell, services=self.services))

    def compare(self, run: str | None = None, *, count: int = 20) -> Prepared:
        """Have prompts answered with a voice and without, to be voted on blindly (`metahuman.voice.blind`).

        Args:
            run: Whose; by default the newest.
            count: How many prompts at most.

        Raises:
            BadChoice: If there is no such run, its base has no entry in the registry, or there is nothing to ask.
            ModelError: If a model cannot be asked at all.
            SettingError, StoreError: If a file is wrong, or cannot be read or written.
        """
        from metahuman.voice.comparing import prepared
        from metahuman.voice.runs import find_run

        return background.run(prepared(self.home, find_run(self.home, run), count=count, services=self.services))
