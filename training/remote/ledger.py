"""What was rented and is not known to be given back: the home's `state/pods.json`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.state.files import read_json, update_json
from metahuman.state.moments import iso

#: How our pods' names begin.
PREFIX = "metahuman-"


class Entry(NamedTuple):
    """A pod that was asked for and is not known to be gone.

    Args:
        name: Its name.
        pod: RunPod's id of it; None if the answer never came.
        created_at: When it was asked for.
        run: For which run.
    """

    name: str
    pod: str | None
    created_at: datetime
    run: str


class Ledger:
    """The pods that have to be given back.

    Args:
        path: Where they are written down.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> list[Entry]:
        """Return what is written down.

        Raises:
            SettingError: If it is no JSON object any more.
        """
        if not self.path.exists():
            return []
        known = read_json(self.path)
        return [_entry(name, one) for name, one in known.items() if name.startswith(PREFIX)]

    def add(self, name: str, run: str) -> None:
        """Write down that a pod is about to be asked for."""
        with update_json(self.path) as known:
            known[name] = {"pod": None, "createdAt": iso(datetime.now(UTC)), "run": run}

    def note(self, name: str, pod: str) -> None:
        """Write down the id of one that was created."""
        with update_json(self.path) as known:
            known[name] = known.get(name, {}) | {"pod": pod}

    def remove(self, name: str) -> None:
        """Strike out one that is gone."""
        with update_json(self.path) as known:
            known.pop(name, None)


def _entry(name: str, known: Any) -> Entry:
    """Return an entry; of one that was edited badly, what there is of it: the name is enough to find the pod."""
    found = known if isinstance(known, dict) else {}
    try:
        created = datetime.fromisoformat(found["createdAt"])
    except (KeyError, TypeError, ValueError):
        created = datetime.now(UTC)
    pod = found.get("pod")
    return Entry(name, pod if isinstance(pod, str) else None, created, str(found.get("run")))
