"""Replays a thread from the audit log alone: what was decided, asked, done and kept, turn by turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from metahuman.audit.ledger import CALL
from metahuman.audit.reader import Entry, Reader

#: The event that every turn has; the roles whose model calls may come before it, and what else may.
ROUTE = "route_decided"
_LEADING, _BESIDE = frozenset({"orchestrator", "embedder"}), "memories_recalled"


class Turn(NamedTuple):
    """What the log has of one turn, and of what followed until the next.

    Args:
        number: Which turn of the thread it is, from 1; 0 for what came before any.
        events: What happened, in the order of writing.
    """

    number: int
    events: list[Entry]

    @property
    def id(self) -> str | None:
        """The id of the turn's message, where an event tells it."""
        ids = (event.details.get("turn") for event in self.events)
        return next((one for one in ids if isinstance(one, str)), None)

    @property
    def mode(self) -> str | None:
        """The cognitive mode, where an event tells it."""
        modes = (event.details.get("mode") for event in self.events)
        return next((one for one in modes if isinstance(one, str)), None)

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {"turn": self.number, "id": self.id, "mode": self.mode, "events": self.events}


class Replay(NamedTuple):
    """A thread as the log tells it.

    Args:
        turns: Its turns, oldest first.
        broken: Lines of the log that could not be read; what they told is not in it.
    """

    turns: list[Turn]
    broken: int


def replay(folder: Path, thread: str) -> Replay:
    """Return what the log of `folder` has of a thread.

    A turn begins with the event that says where it was sent. What memory brought up meanwhile, and model calls of the
    orchestrator and of the embedder, belong to it where they stand right before that.

    Raises:
        StoreError: If a day's file cannot be read.
    """
    reader = Reader(folder, thread=thread)
    # The order of writing, also where a clock went back; what was written before there was a chain came first.
    entries = sorted(reader.read(), key=lambda entry: entry.seq or 0)
    turns, leading = [Turn(0, [])], list[Entry]()
    for entry in entries:
        if _may_lead(entry):
            leading.append(entry)
            continue
        if entry.get("event") == ROUTE:
            turns.append(Turn(len(turns), []))
        turns[-1].events.extend([*leading, entry])
        leading = []
    turns[-1].events.extend(leading)
    return Replay([turn for turn in turns if turn.events], reader.broken)


def _may_lead(entry: Entry) -> bool:
    if entry.get("event") == _BESIDE:
        return True
    return entry.get("event") in (CALL, "adapter_swapped") and entry.details.get("role") in _LEADING
