"""What a run tells while it works: a JSON object a line, on standard output and in the run's `progress.ndjson`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from metahuman.state.files import store_errors, write_atomic
from metahuman.training.job import PROGRESS

Event = dict[str, Any]
#: The variable that names the process for which a trainer works, where it is to end with that one.
PARENT = "METAHUMAN_TRAINS_FOR"


class Tell(Protocol):
    """Told what happens: the name of an event, and what there is to say of it."""

    def __call__(self, event: str, /, **about: Any) -> None:
        """Take note of one event."""


def to_stdout(event: str, /, **about: Any) -> None:
    """Print an event for whoever started this process."""
    sys.stdout.write(_line(event, about))
    sys.stdout.flush()


class Log:
    """Writes a run's events down, and passes them on.

    Args:
        folder: The run's folder.
        tell: Told each event too.
        step: The step that the run goes on from: what was written of later ones is dropped, for they are made again.
    """

    def __init__(self, folder: Path, tell: Tell, step: int = 0) -> None:
        self._path, self._tell = folder / PROGRESS, tell
        kept = [line for line in events_in(self._path) if step and line.get("step", 0) <= step]
        write_atomic(self._path, "".join(json.dumps(line) + "\n" for line in kept).encode())

    def __call__(self, event: str, /, **about: Any) -> None:
        """Write an event down.

        Raises:
            StoreError: If it cannot be written.
        """
        with store_errors(self._path), self._path.open("ab") as file:
            file.write(_line(event, about).encode())
        self._tell(event, **about)


def events_in(path: Path) -> list[Event]:
    """Return the events of a `progress.ndjson`; half a line, which a crash left, is none."""
    with store_errors(path, "check that it can be read"):
        lines = path.read_bytes().splitlines() if path.exists() else []
    return [event for line in lines if (event := event_of(line))]


def event_of(line: bytes | str) -> Event | None:
    """Return the event that a line tells; None where it tells none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("event"), str) else None


def hush() -> None:
    """Keep transformers from drawing progress bars and giving advice among the events."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def before_importing() -> None:
    """Set what libraries read when they are imported."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # what is needed is here: nothing is fetched, nobody is told
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")


def told_to(into: list[Event]) -> Callable[..., None]:
    """Return a `Tell` that keeps the events."""

    def tell(event: str, /, **about: Any) -> None:
        into.append({"event": event, **about})

    return tell


def _line(event: str, about: Event) -> str:
    return json.dumps({"event": event, **about}) + "\n"
