"""Desks for the tools that read and change files: a home and a folder of the owner's beside it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

from metahuman.state.acting import Output
from metahuman.tools.changes import ChangeLog, Key
from metahuman.tools.desk import Desk, Limits
from metahuman.tools.files.all_of_them import TOOLS
from tests.fakes import NOON

TOOL = {tool.name: tool for tool in TOOLS}


class Nobody:
    """Stands where no tool for files may turn to."""

    async def search(self, question: object) -> list[Any]:
        raise AssertionError(question)

    async def save(self, text: str, moment: datetime) -> str:
        raise AssertionError(text)

    async def __call__(self, role: str, instruction: str, material: str) -> str:
        raise AssertionError(instruction)


class Files:
    """A home and the owner's folder, in which tools are called.

    Args:
        root: Where both are made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.home, self.base = self.root / "home", self.root / "docs"
        self.base.mkdir(exist_ok=True)
        self.log = ChangeLog(self.home, lambda: NOON)
        self.made: dict[str, str] = {}

    def desk(self, turn: str = "turn", call: str = "call", **limits: Any) -> Desk:
        """Return the desk of a call."""
        changes, nobody = self.log.of(Key("main", turn, call)), Nobody()
        return Desk(self.home, self.base, [self.base], NOON, changes, nobody, nobody, Limits(**limits), self.made)

    def call(self, tool: str, /, *, turn: str = "turn", limits: dict[str, int] | None = None, **arguments: Any) -> str:
        """Call a tool and return what it says."""
        return self.output(tool, turn=turn, limits=limits, **arguments).text

    def output(
        self, tool: str, /, *, turn: str = "turn", limits: dict[str, int] | None = None, **arguments: Any
    ) -> Output:
        """Call a tool and return what it brings."""
        one = TOOL[tool]
        return asyncio.run(one.run(one.arguments(**arguments), self.desk(turn, tool, **(limits or {}))))

    def preview(self, tool: str, /, **arguments: Any) -> str:
        """Return what a call would do."""
        one = TOOL[tool]
        assert one.preview
        return asyncio.run(one.preview(one.arguments(**arguments), self.desk()))

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of the owner's, as they do."""
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path
