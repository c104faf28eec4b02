"""A voice put in force, taken back, or deleted for good; each is written down."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from metahuman.home import Home
from metahuman.models.registry import Registry
from metahuman.opening import open_registry
from metahuman.state.errors import BadChoice
from metahuman.state.files import make_folder, private_lock, store_errors, update_json
from metahuman.state.moments import iso
from metahuman.state.services import Audit, Clock
from metahuman.state.voice_events import voice_dropped, voice_promoted, voice_rolled_back
from metahuman.training.job import EVALUATION
from metahuman.voice.findings import findings_of
from metahuman.voice.gate import Gate
from metahuman.voice.history import Change, changes, note, take_back
from metahuman.voice.registering import MODEL_ID, register, set_voice
from metahuman.voice.runs import REPORT, Run
from metahuman.voice.standing import REMEDY, forgotten_of, standing, tainted

#: Where a voice speaks unless more is asked for: emulation is the mode that is all persona.
DEFAULT_MODES = ("emulation",)


def promote(
    home: Home,
    run: Run,
    found: Gate,
    *,
    modes: Sequence[str] = DEFAULT_MODES,
    anyway: str = "",
    audit: Audit,
    clock: Clock,
    actor: str = "human",
) -> None:
    """Let a voice speak for the persona: write its entry into the home's registry, and name it in some modes.

    Asking a person first is for whoever calls this.

    Args:
        home: The home.
        run: The run whose voice it is.
        found: What the gate found, just now.
        modes: In which modes it is to speak.
        anyway: Why it is to, though the gate says no; "" to obey the gate.
        audit: Where it is written down.
        clock: What time it is.
        actor: Who does it.

    Raises:
        BadChoice: If the gate says no, and there is no reason to pass over that, or nobody may.
        SettingError: If a file cannot be used; the registry is then as it was.
        StoreError: If one cannot be read or written.
    """
    require(found, anyway)
    given = "" if found.passes else anyway
    findings = findings_of(run.evaluation)
    score = findings.voice.value if findings and findings.voice else None
    report = run.folder / EVALUATION / REPORT
    with _one_at_a_time(home):
        if forgotten_of(run.folder) is not None:  # while the person was asked
            raise BadChoice(f"{run.name} is tainted by now: {REMEDY}")
        note(home, MODEL_ID, run.name, modes, given, iso(clock.now()))
        register(home, run, model_id=MODEL_ID, score=score, report=report if run.evaluation else None)
        if given:
            _explain(home, given)
        set_voice(home, MODEL_ID, modes=tuple(modes))
    audit.record(voice_promoted(run.name, modes, {one.name: one.passes for one in found.checks}, given, actor))


def _explain(home: Home, anyway: str) -> None:
    """Write into the voice's entry why it was let speak though the gate said no."""
    with update_json(home.root / "etc" / "models.json") as content:
        content["models"][MODEL_ID].setdefault("metadata", {})["anyway"] = anyway


def require(found: Gate, anyway: str) -> None:
    """See that a voice may be put in force.

    Raises:
        BadChoice: If it may not.
    """
    if found.barred:
        told = "; ".join(f"{one.name}: {one.found}" for one in found.barred)
        raise BadChoice(f"{found.run} cannot be put in force, whatever the reason: {told}")
    if found.failing and not anyway:
        told = "; ".join(f"{one.name}: {one.found}" for one in found.failing)
        raise BadChoice(f"{found.run} has not shown enough: {told} (--anyway REASON passes over it)")


class RolledBack(NamedTuple):
    """A change that was taken back.

    Args:
        change: The change.
        keys: What of the registry is as it was before.
    """

    change: Change
    keys: list[str]


def rollback(home: Home, *, audit: Audit, clock: Clock) -> list[RolledBack]:
    """Go back to what the registry said before the latest voice was put in force.

    Where that is a voice that is tainted or deleted, it is passed over, and what was before it is gone back to.

    Args:
        home: The home.
        audit: Where it is written down.
        clock: What time it is.

    Returns:
        What was taken back, the latest first.

    Raises:
        BadChoice: If there is nothing to take back.
        SettingError: If a file cannot be used.
        StoreError: If one cannot be read or written.
    """
    done: list[RolledBack] = []
    with _one_at_a_time(home):
        while not done or (not _usable(open_registry(home)) and _more(home)):
            change, keys = take_back(home, iso(clock.now()))
            audit.record(voice_rolled_back(change.run, change.at, keys))
            done.append(RolledBack(change, keys))
    return done


def drop(home: Home, run: Run, *, audit: Audit) -> int:
    """Delete a run for good: its adapter, what was found of it, and its votes. Returns how many files went.

    Args:
        home: The home.
        run: The run.
        audit: Where it is written down.

    Raises:
        BadChoice: If its voice is in the registry.
        StoreError: If something cannot be deleted.
    """
    with _one_at_a_time(home):
        require_droppable(home, run)
        files = sum(path.is_file() for path in run.folder.rglob("*"))
        with store_errors(run.folder, "check that it can be deleted"):
            shutil.rmtree(run.folder)
    audit.record(voice_dropped(run.name, files))
    return files


def require_droppable(home: Home, run: Run) -> None:
    """See that a run may be deleted.

    Raises:
        BadChoice: If its voice is in the registry.
    """
    where = standing(open_registry(home), run.folder)
    if where.model_ids:
        told = f"in force in {', '.join(where.modes)}" if where.modes else f"registered as {', '.join(where.model_ids)}"
        raise BadChoice(f"{run.name} is {told}: `metahuman persona rollback` takes it out first")


@contextmanager
def _one_at_a_time(home: Home) -> Iterator[None]:
    """Keep every other process from changing voices meanwhile; the lock of one that died is released."""
    path = make_folder(home.locks) / "voices.lock"
    lock = private_lock(path)
    with store_errors(path):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _usable(registry: Registry) -> bool:
    """Tell whether the voice that was gone back to may be used: it is there, and not tainted."""
    entry = registry.file.models.get(MODEL_ID)
    there = entry is None or all(path.exists() for path in registry.paths(entry.adapters))
    return there and all(one.model_id != MODEL_ID for one in tainted(registry))


def _more(home: Home) -> bool:
    return any(not change.undone_at for change in changes(home))
