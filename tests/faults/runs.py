"""One run: a home, days in it, looks at it, and what was found."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.forks import Ended, Forks, forks
from tests.faults.model import DayModels

#: Deeds of a day.
DEEDS = 9
#: What a mistake of the program looks like on standard error, and how many characters of it are shown at each end.
MISTAKES, SHOWN = ("Traceback (most recent call last)", "a mistake in this program"), 700


@dataclass
class Outcome:
    """What came of a run.

    Args:
        kind: What went wrong in it.
        seed: Repeats it.
        detail: What went wrong, more exactly.
        wrong: What must not be.
        struck: Whether it came to that: the moment was in the day.
        facts: How many things were told to be done.
        errors: The errors that the day told.
        litter: Files that a writer began and that took nobody's place.
        seconds: How long it took, by the clock.
    """

    kind: str
    seed: int
    detail: str = ""
    wrong: list[str] = field(default_factory=list)
    struck: bool = False
    facts: int = 0
    errors: list[str] = field(default_factory=list)
    litter: int = 0
    seconds: float = 0.0


class Harness:
    """Does runs, in homes that begin as copies of one.

    Args:
        folder: Where the homes are.
        forked: Does the work.
        models: Who answers.
    """

    def __init__(self, folder: Path, forked: Forks, models: DayModels) -> None:
        self._folder, self.forks, self.models = folder, forked, models
        self.template = folder / "template"
        [made] = forked.do({"work": "furnish", "home": str(self.template), "registry": models.registry()})
        if made.code:
            raise RuntimeError(made.said)

    def run(
        self,
        kind: str,
        seed: int,
        work: Callable[[Run], None],
        *,
        keep: bool = False,
        before_look: Callable[[Path], object] = lambda _: None,
    ) -> Outcome:
        """Do one run.

        Args:
            kind: What goes wrong in it.
            seed: Decides everything in it.
            work: Has it go wrong, and looks.
            keep: Whether the home stays where it is, in `home_of`.
            before_look: Gets the home before it is looked at: a test plants something there.
        """
        home, outcome = self.home_of(kind, seed), Outcome(kind, seed)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.template, home)
        self.models.begin(seed, 0.0)
        try:
            work(Run(self, home, Random(seed), outcome, before_look))
        finally:
            if not keep:
                shutil.rmtree(home, ignore_errors=True)
        return outcome

    def home_of(self, kind: str, seed: int) -> Path:
        """Return where the home of a run is."""
        return self._folder / f"{kind}-{seed}"


@contextmanager
def harness(folder: Path) -> Iterator[Harness]:
    """Start what runs need; all of it ends with the block."""
    with DayModels() as models, forks() as forked:
        yield Harness(folder, forked, models)


@dataclass
class Run:
    """A run under way."""

    harness: Harness
    home: Path
    drawn: Random
    outcome: Outcome
    before_look: Callable[[Path], object]
    facts: list[dict[str, Any]] = field(default_factory=list)

    def live(self, *trouble: dict[str, Any] | None, **more: Any) -> list[Ended]:
        """Live a day with trouble, or several side by side; note what they told."""
        orders = [
            {"work": "live", "home": str(self.home), "seed": self.drawn.randrange(1 << 30), "deeds": DEEDS,
             "name": f"day{len(self.facts)}n{number}", "trouble": one, **more}
            for number, one in enumerate(trouble)
        ]  # fmt: skip
        ended = self.harness.forks.do(*orders)
        for one in ended:
            self._note(one)
            self.facts += one.told
            self.outcome.facts += sum("error" not in fact and "moments" not in fact for fact in one.told)
            self.outcome.errors += [f"{fact['in']}: {fact['error']}" for fact in one.told if "error" in fact]
        return ended

    def look(self, spared: str = "", **more: Any) -> Ended:
        """Look at what is left, with models that are well; note what must not be."""
        self.harness.models.share = 0.0
        self.before_look(self.home)
        order = {"work": "look", "home": str(self.home), "facts": self.facts, "spared": spared, **more}
        [ended] = self.harness.forks.do(order)
        self._note(ended)
        self.outcome.wrong += [fact["wrong"] for fact in ended.told if "wrong" in fact]
        self.outcome.litter += sum(fact.get("litter", 0) for fact in ended.told)
        if not any("looked" in fact for fact in ended.told):
            self.outcome.wrong.append(f"the look ended early ({ended.code})")
        return ended

    def command(self, *words: str) -> Ended:
        """Run a command."""
        [ended] = self.harness.forks.do({"work": "command", "home": str(self.home), "words": words})
        self._note(ended)
        if ended.code not in (0, 1, 2):
            self.outcome.wrong.append(f"metahuman {' '.join(words)} ended with {ended.code}")
        return ended

    def order(self, work: str, **more: Any) -> None:
        """Have something else done to the home.

        Raises:
            RuntimeError: If it cannot be.
        """
        [ended] = self.harness.forks.do({"work": work, "home": str(self.home), **more})
        if ended.code:
            raise RuntimeError(ended.said)

    def audited(self) -> None:
        """Have the audit's chain verified, if it has one."""
        if "verify" in self.command("audit", "--help").said and (ended := self.command("audit", "verify")).code:
            self.outcome.wrong.append(f"audit: {ended.said.strip()[-300:]}")

    def _note(self, ended: Ended) -> None:
        self.outcome.struck |= ended.code < 0 or any(fact.get("struck") for fact in ended.told)
        self.outcome.wrong += mistakes_in(ended)


def mistakes_in(ended: Ended) -> Iterator[str]:
    """Yield what must not be in how a process ended."""
    yield from (f"left behind: {one}" for one in ended.left)
    if ended.hung:
        yield "it hung"
    if any(mistake in ended.said for mistake in MISTAKES):
        said = ended.said.strip()
        yield f"traceback: {said if len(said) < 2 * SHOWN else f'{said[:SHOWN]} … {said[-SHOWN:]}'}"
    for fact in ended.told:
        if "\n" in fact.get("error", ""):
            yield f"an error of several lines: {fact['error']!r}"
