"""What the owner said where messages ought to have gone: a file they can read and edit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metahuman.routing.examples import Example, read_examples
from metahuman.state.files import make_folder, private_lock, store_errors, write_atomic
from metahuman.state.parts import Destination
from metahuman.state.routing import Situation


class Corrections:
    """The corrections of a home, one JSON object a line, in the form of the examples.

    Args:
        path: The file; it need not be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, turn: str, situation: Situation, right: Sequence[Destination], moment: str) -> None:
        """Write down where a message ought to have gone; said again of the same turn, the last word counts.

        Args:
            turn: The id of the message.
            situation: The message and what went before it.
            right: Where it ought to have gone; several only where it asks for several things.
            moment: When that was said, in ISO 8601.

        Raises:
            StoreError: If it cannot be written.
        """
        make_folder(self.path.parent)
        with store_errors(self.path), private_lock(self.path.with_name(f".{self.path.name}.lock")):
            kept = [row for row in self.rows() if row.get("turn") != turn]
            lines = [json.dumps(row, ensure_ascii=False) for row in [*kept, _row(turn, situation, right, moment)]]
            write_atomic(self.path, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))

    def examples(self) -> list[Example]:
        """Return the corrections as examples of the owner's own.

        Raises:
            StoreError: If the file cannot be read, or a line is wrong.
        """
        return read_examples(self.path) if self.path.exists() else []

    def rows(self) -> list[dict[str, Any]]:
        """Return the corrections as the file's lines tell them; errors as for `examples`."""
        self.examples()  # a line that is wrong is told, not lost
        lines = self.path.read_text(encoding="utf-8").split("\n") if self.path.exists() else []
        return [json.loads(line) for line in lines if line.strip()]


def _row(turn: str, situation: Situation, right: Sequence[Destination], moment: str) -> dict[str, Any]:
    row: dict[str, Any] = {"text": situation.message, "own": True, "turn": turn, "timestamp": moment}
    if len(right) > 1:
        row["tasks"] = [{"destination": one, "task": situation.message} for one in right]
    else:
        row["to"] = right[0]
    row["earlier"] = [f"{who}: {text}" for who, text in situation.earlier]
    return row | {"tools": list(situation.tools), "focus": situation.focus, "active": list(situation.active)}
