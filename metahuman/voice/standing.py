"""Where a voice stands in the registry, and whether one is in force that must not be used any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel
from metahuman.state.context import MODES, Mode
from metahuman.state.errors import MetaHumanError
from metahuman.state.files import read_json
from metahuman.training.job import CARD, JOB

ROLE = "persona"
REMEDY = (
    "`metahuman train --again` trains one without it, and `metahuman persona rollback` goes back to what was before"
)


class Standing(NamedTuple):
    """Where a voice stands.

    Args:
        model_ids: The registry's entries that speak with it.
        modes: The modes in which one of them is the first to be asked as the persona: there it is in force.
    """

    model_ids: list[str]
    modes: list[Mode]


class Tainted(NamedTuple):
    """A voice that is in the registry though a memory it was trained on is forgotten.

    Args:
        run: The name of its run.
        model_id: Its entry in the registry.
        modes: The modes in which it is in force; none where it only stands in, or is only listed.
        forgotten: How many of its memories are forgotten.
    """

    run: str
    model_id: str
    modes: list[Mode]
    forgotten: int

    def told(self) -> str:
        """Return it in one line, with what can be done."""
        where = f"in force in {', '.join(self.modes)}" if self.modes else "registered"
        memories = f"{self.forgotten} forgotten memor{'y' if self.forgotten == 1 else 'ies'}"
        return f"the voice {self.run} ({self.model_id}, {where}) is tainted: it was trained on {memories}; {REMEDY}"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return self._asdict()


def standing(registry: Registry, folder: Path) -> Standing:
    """Return where the voice of a run stands.

    Args:
        registry: The registry.
        folder: The run's folder.
    """
    entries = registry.file.models.items()
    ids = [key for key, entry in entries if _is_from(registry.paths(entry.adapters), folder)]
    modes = [mode for mode in MODES if (first := _first(registry, mode)) and _is_from(first.adapters, folder)]
    return Standing(ids, modes)


def tainted(registry: Registry) -> list[Tainted]:
    """Return the voices of the registry that must not be used any more; only their runs' own files are looked at."""
    return list(_tainted(registry))


def _tainted(registry: Registry) -> Iterator[Tainted]:
    for model_id, entry in registry.file.models.items():
        for adapter in registry.paths(entry.adapters):
            forgotten = forgotten_of(adapter.parent)
            if forgotten is not None:
                modes = [mode for mode in MODES if (one := _first(registry, mode)) and one.model_id == model_id]
                yield Tainted(adapter.parent.name, model_id, modes, len(forgotten))


def forgotten_of(folder: Path) -> set[str] | None:
    """Return the forgotten memories that a run was trained on; None where neither its job nor its card says so.

    Both are asked: a card that is written after a memory was forgotten does not know of it.

    Args:
        folder: The run's folder.
    """
    flags = [_flag(folder / name) for name in (JOB, CARD)]
    if not any(flags):
        return None
    listed = [flag.get("memoryIds") for flag in flags]
    return {str(one) for ids in listed if isinstance(ids, list) for one in ids}


def _flag(path: Path) -> dict[str, Any]:
    try:
        flagged = read_json(path).get("flagged")
    except MetaHumanError:  # it is no run, or its file is broken: `metahuman persona voices` tells
        return {}
    return flagged if isinstance(flagged, dict) else {}


def _first(registry: Registry, mode: str) -> ResolvedModel | None:
    """Return who is asked first as the persona in a mode; nobody where the mode switches it off."""
    return registry.resolve_model(ROLE, mode)


def _is_from(adapters: tuple[Path, ...], folder: Path) -> bool:
    """Tell whether one of some adapters is a run's: its GGUF file, or the folder that PEFT wrote."""
    return any(adapter.parent.resolve() == folder.resolve() for adapter in adapters)
