"""A call that was begun, as the journal and the audit know it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metahuman.state.acting import Effect, Ended, Ruling
from metahuman.state.context import Mode


@dataclass(frozen=True)
class Begun:
    """A call as it is begun.

    Args:
        execution: What tells it from any other time that the call was begun.
        thread: The conversation, if any.
        turn: The id of the message that its turn answers.
        call: The call's id.
        tool: What is called.
        said: Its arguments in a few words, for people.
        arguments: The SHA-256 of its arguments.
        mode: The cognitive mode.
        effect: What it does at worst.
        files: Whether all that it changes are files of which changes are kept.
        ruling: What the policy said.
        approved_by: Who let it happen.
        begun: When, in seconds since 1970.
    """

    execution: str
    thread: str | None
    turn: str
    call: str
    tool: str
    said: str
    arguments: str
    mode: Mode
    effect: Effect
    files: bool
    ruling: Ruling
    approved_by: str
    begun: float

    @property
    def key(self) -> str:
        """What tells the call from every other."""
        return key_of(self.thread, self.turn, self.call)


@dataclass(frozen=True)
class Known:
    """A call that is in the journal.

    Args:
        call: As it was begun.
        process: The token of the process that began it.
        ended: How it ended; None while it runs, and after a crash.
        outcome: What came of it; None if it has no end, or what it brought is no longer kept.
    """

    call: Begun
    process: str
    ended: Ended | None
    outcome: Mapping[str, Any] | None


def key_of(thread: str | None, turn: str, call: str) -> str:
    """Return what tells a call from every other: each call of a turn is made once, with whatever arguments."""
    return hash_of([thread, turn, call])[:32]


def hash_of(value: Any) -> str:
    """Return the SHA-256 of a JSON value in its canonical form: keys sorted, no blanks, ASCII only."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
