"""A voice trained anew, without the memories that were forgotten since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from metahuman.audit.log import AuditLog
from metahuman.clock import SystemClock
from metahuman.home import Home
from metahuman.memory.dataset import assembling
from metahuman.memory.dataset.comparing import card_in
from metahuman.memory.dataset.lineage import Look
from metahuman.memory.dataset.places import datasets_folder
from metahuman.state.curation_events import dataset_built
from metahuman.state.errors import BadChoice, SettingError
from metahuman.voice.planning import Plan, Wanted, planned
from metahuman.voice.runs import Run, find_run, runs


def planned_again(home: Home, name: str | None, look: Look, now: datetime) -> Plan:
    """Build the dataset of a flagged run anew, and plan to train on it what that run trained.

    Args:
        home: The home.
        name: The run; by default the newest that is flagged.
        look: Returns what a memory is now.
        now: The time.

    Raises:
        BadChoice: If there is no such run, or nothing is left to train on.
        SettingError: If a settings file or a card is wrong.
        StoreError: If something cannot be read or written.
    """
    run = find_run(home, name) if name else _flagged(home)
    dataset, base = run.job.dataset.name, run.job.base
    _build_anew(home, dataset, look)
    wanted = Wanted(dataset, base.model_id, run.folder / base.path, run.job.settings)
    return planned(home, wanted, look, now)


def _flagged(home: Home) -> Run:
    found = next((run for run in runs(home) if run.flagged), None)
    if found is None:
        raise BadChoice("no voice was trained on anything that is forgotten; `metahuman train` trains a new one")
    return found


def _build_anew(home: Home, name: str, look: Look) -> None:
    """Build a dataset by the settings that its card names."""
    asked: dict[str, Any] = card_in(datasets_folder(home.root) / name).get("settings") or {}
    since = asked.get("since")
    try:
        moment = datetime.fromisoformat(since) if since else None
        half_life, limit = asked.get("halfLifeDays"), asked.get("limit")
        wanted = assembling.Wanted(name, half_life and float(half_life), limit and int(limit), moment)
    except (TypeError, ValueError) as error:
        card = datasets_folder(home.root) / name / "card.json"
        raise SettingError(card, "settings", f"they cannot be read: {error}", "build it with other words") from error
    built = assembling.assembled(home.root, wanted, look)
    AuditLog(home.audit, SystemClock()).record(dataset_built(built.card))
