"""What tools have changed, in the order they did: `state/changes/changes.jsonl` of the home, which is only appended to.

A change has a line before it is made, and another after it, which says what became of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from metahuman.state.files import make_folder, store_errors, write_atomic

#: What became of a change. "begun": it may have been made or not; "void": it was not; "undone": it was, and is no more.
State = Literal["begun", "done", "void", "undone"]
STATES: tuple[State, ...] = get_args(State)


class Key(NamedTuple):
    """Which call a change belongs to.

    Args:
        thread: The conversation, if any.
        turn: The id of the message that the turn answers.
        call: What tells the turn's calls apart; the same when a call is run again after a crash.
    """

    thread: str | None
    turn: str
    call: str


@dataclass(frozen=True)
class Change:
    """One change of a file.

    Args:
        id: Its name.
        at: When, ISO 8601.
        thread: See `Key`.
        turn: See `Key`.
        call: See `Key`.
        path: The file, or folder.
        before: The SHA-256 of its content before, in hexadecimal; None if there was none.
        after: The SHA-256 of its content after; None if there is none.
        size: Bytes of the content before.
        mode: Its permissions before.
        made: How many folders above it had to be made.
        trash: Where in the trash it is, if it was moved there.
        state: What became of it.
    """

    id: str
    at: str
    thread: str | None
    turn: str
    call: str
    path: str
    before: str | None = None
    after: str | None = None
    size: int = 0
    mode: int | None = None
    made: int = 0
    trash: str | None = None
    state: State = "begun"

    @property
    def key(self) -> Key:
        """Which call it belongs to."""
        return Key(self.thread, self.turn, self.call)

    @property
    def moment(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.at)


_KEYS = {field.name for field in fields(Change)}


class Ledger:
    """The list of changes of a home; whoever writes to it keeps others out meanwhile.

    Args:
        path: Its file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, change: Change) -> None:
        """Write down that a change is about to be made; it is on the disk when this returns.

        Raises:
            StoreError: If it cannot be written.
        """
        self._append(asdict(change), durable=True)

    def end(self, change_id: str, state: State) -> None:
        """Write down what became of a change; if the machine dies at once, the file itself can still tell.

        Raises:
            StoreError: If it cannot be written.
        """
        self._append({"id": change_id, "state": state}, durable=False)

    def read(self) -> list[Change]:
        """Return the changes, oldest first; a line that a crash cut short, or that is none, is passed over.

        Raises:
            StoreError: If the file cannot be read.
        """
        found = dict[str, dict[str, Any]]()
        with store_errors(self.path, "check that it can be read"):
            lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        for line in lines:
            value = _object_in(line)
            found.setdefault(str(value.get("id")), {}).update(value)
        return [Change(**value) for value in found.values() if _is_change(value)]

    def rewrite(self, changes: Iterable[Change]) -> None:
        """Keep these changes only.

        Raises:
            StoreError: If the file cannot be written.
        """
        write_atomic(self.path, b"".join(_line(asdict(change)) for change in changes))

    def _append(self, value: dict[str, Any], *, durable: bool) -> None:
        make_folder(self.path.parent)
        with store_errors(self.path):
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                cut_short = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                os.write(descriptor, (b"\n" if cut_short else b"") + _line(value))
                if durable:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"  # ASCII: names of files need not be text


def _object_in(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return {key: item for key, item in value.items() if key in _KEYS} if isinstance(value, dict) else {}


def _is_change(value: dict[str, Any]) -> bool:
    """Tell whether an object has what a change must have, and nothing of another kind."""
    texts = all(isinstance(value.get(key), str) for key in ("id", "at", "turn", "call", "path"))
    perhaps = all(isinstance(value.get(key), str | None) for key in ("thread", "before", "after", "trash"))
    numbers = all(isinstance(value.get(key, 0), int) for key in ("size", "made", "mode") if value.get(key) is not None)
    return texts and perhaps and numbers and value.get("state", "begun") in STATES and _is_moment(value["at"])


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
