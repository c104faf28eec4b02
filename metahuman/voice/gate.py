"""What a voice must have shown before it may speak for the persona.

A voice that is not whole, that leaks what it was trained on, or that knows what is to be forgotten is never put in
force. All else its owner may pass over, with a reason that is written down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.models.registry import Registry
from metahuman.state.errors import BadChoice, MetaHumanError
from metahuman.state.files import digest_of
from metahuman.training import base as bases
from metahuman.training.job import EVALUATION
from metahuman.training.proof.verdict import RISE
from metahuman.voice.blind import read_ab
from metahuman.voice.counting import result
from metahuman.voice.findings import Findings, findings_of
from metahuman.voice.runs import Run
from metahuman.voice.standing import forgotten_of

_EVALUATE = "`metahuman persona eval` finds out"


class Check(NamedTuple):
    """One thing that is asked of a voice.

    Args:
        name: What it is about, in a word or two.
        asked: What is asked.
        found: What was found.
        passes: Whether that is enough.
        strict: Whether nobody may pass over it.
    """

    name: str
    asked: str
    found: str
    passes: bool
    strict: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return self._asdict()


@dataclass(frozen=True)
class Gate:
    """All that is asked of a voice, and what was found.

    Args:
        run: The name of its run.
        checks: One thing after the other.
    """

    run: str
    checks: tuple[Check, ...]

    @property
    def failing(self) -> list[Check]:
        """What is not enough."""
        return [check for check in self.checks if not check.passes]

    @property
    def barred(self) -> list[Check]:
        """What is not enough, and nobody may pass over."""
        return [check for check in self.failing if check.strict]

    @property
    def passes(self) -> bool:
        """Whether all is as it should be."""
        return not self.failing

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        checks = [check.as_json() for check in self.checks]
        return {"run": self.run, "passes": self.passes, "barred": bool(self.barred), "checks": checks}


def gate(run: Run, registry: Registry, *, thorough: bool = True) -> Gate:
    """Return what is asked of a voice, and what was found.

    Args:
        run: Its run.
        registry: The registry in force.
        thorough: Whether the base is read from end to end, which takes seconds where it has gigabytes; otherwise only
            whether it is there is looked at.
    """
    return Gate(run.name, tuple(_checks(run, registry, thorough=thorough)))


def _checks(run: Run, registry: Registry, *, thorough: bool) -> Iterator[Check]:
    yield _finished(run)
    yield _untainted(run)
    yield _unchanged(run)
    yield _has_base(run, registry, thorough=thorough)
    found = findings_of(run.evaluation)
    yield _evaluated(run, found)
    yield _has_voice(found)
    yield _keeps(found)
    yield _no_leak(found)
    yield _liked(run)


def _finished(run: Run) -> Check:
    found = "it is" if run.finished else f"`metahuman train --resume {run.name}` goes on with it"
    return Check("training", "finished", found, run.finished, strict=True)


def _untainted(run: Run) -> Check:
    ids = forgotten_of(run.folder)
    told = "none" if ids is None else f"{len(ids)}; `metahuman train --again` trains without"
    return Check("forgotten memories", "none in it", told, ids is None, strict=True)


def _unchanged(run: Run) -> Check:
    files = (run.card or {}).get("files")
    listed = files if isinstance(files, Mapping) else {}
    wrong = [name for name, told in listed.items() if not _is_as_told(run.folder / name, told)]
    if run.gguf.name not in listed:
        wrong = [*wrong, run.gguf.name]
    found = f"not as its card says: {', '.join(wrong)}" if wrong else f"{len(listed)}, all the same"
    return Check("files", "as they were trained", found, not wrong, strict=True)


def _is_as_told(path: Path, told: object) -> bool:
    try:
        return isinstance(told, Mapping) and digest_of(path) == told.get("sha256")
    except MetaHumanError:
        return False


def _has_base(run: Run, registry: Registry, *, thorough: bool) -> Check:
    base, asked = run.job.base, "there, and the one it was trained on"
    entry = registry.file.models.get(base.model_id)
    if entry is None or entry.model != base.model:
        return Check("base", asked, f"the registry's {base.model_id} is not {base.model}", passes=False)
    try:
        path = run.folder / base.path
        same = bases.base_digest(path) == base.sha256 if thorough else path.exists()
    except MetaHumanError as error:
        return Check("base", asked, str(error), passes=False)
    return Check("base", asked, base.model if same else f"{path} is another, or gone", same)


def _evaluated(run: Run, found: Findings | None) -> Check:
    asked = "of this very adapter"
    if found is None:
        return Check("evaluation", asked, f"none; {_EVALUATE}", passes=False)
    try:
        same = found.adapter == digest_of(run.gguf)
    except MetaHumanError:
        same = False
    return Check("evaluation", asked, "it is" if same else f"it is another's; {_EVALUATE}", same)


def _has_voice(found: Findings | None) -> Check:
    asked = "surely nearer to its owner's than the base's"
    if found is None or found.voice is None or found.base is None or found.gain is None:
        return Check("voice", asked, f"not known; {_EVALUATE}", passes=False)
    told = f"{found.voice.told()}, the base {found.base.told()}; between them {found.gain.told()}"
    return Check("voice", asked, "; but ".join([told, *found.doubts]), found.gain.low > 0 and not found.doubts)


def _keeps(found: Findings | None) -> Check:
    asked = f"perplexity of neutral chat rises by {RISE:.0%} at most"
    if found is None or found.neutral is None:
        return Check("other knowledge", asked, f"not known; {_EVALUATE}", passes=False)
    return Check("other knowledge", asked, f"{found.neutral.value:+.1%}", found.neutral.value <= RISE)


def _no_leak(found: Findings | None) -> Check:
    if found is None or found.leaks is None:
        return Check("leaks", "none", f"not known; {_EVALUATE}", passes=False)
    counts = ", ".join(f"{count} {kind}" for kind, count in Counter(found.leaks).items())
    told = f"{counts}: the report in evaluation/ names them" if counts else "none"
    return Check("leaks", "none", told, not found.leaks, strict=True)


def _liked(run: Run) -> Check:
    asked = "not voted down, if anybody voted"
    try:
        ab = read_ab(run.folder / EVALUATION)
        own = ab.sheet.adapter == digest_of(run.gguf)
    except BadChoice:
        return Check("votes", asked, "nobody voted", passes=True)
    except MetaHumanError as error:
        return Check("votes", asked, str(error), passes=False)
    rate = result(ab).by["person"].rate if own else None
    if rate is None:
        return Check("votes", asked, "nobody voted", passes=True)
    told = f"won {rate.value:.0%} ({rate.low:.0%} to {rate.high:.0%})"
    return Check("votes", asked, told, rate.high >= 0.5)
