"""The memory service of a home: the files behind it are read and written off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from metahuman.memory.episodic import EpisodicStore
from metahuman.memory.persona import PersonaFiles
from metahuman.memory.recall import recent
from metahuman.state.context import Mode
from metahuman.state.files import read_json, update_json
from metahuman.state.parts import Evidence, ShortTerm
from metahuman.state.short_term import from_file


class HomeMemory:
    """What the twin of one home knows.

    Args:
        root: The home.
        default_persona: The shipped `core.json`.
    """

    def __init__(self, root: Path, default_persona: Path) -> None:
        self._root = root
        self.episodic = EpisodicStore(root / "memory" / "episodic")
        self.persona = PersonaFiles(root / "persona", default_persona)
        self._short_term = root / "out" / "state" / "short-term.json"

    async def current_mode(self) -> Mode:
        """Return the owner's cognitive mode."""
        return await asyncio.to_thread(self.persona.mode)

    async def set_mode(self, mode: Mode, actor: str, moment: datetime) -> str:
        """Make `mode` the owner's mode from `moment` on; return the one before."""
        return await asyncio.to_thread(self.persona.set_mode, mode, actor, moment)

    async def recall(self, query: str, *, thread: str | None) -> Sequence[Evidence]:
        """Return the latest memories from outside the thread."""
        return await asyncio.to_thread(recent, self.episodic, thread)

    async def latest(self, containing: str, *, limit: int) -> list[dict[str, Any]]:
        """Return the latest memories in whose text `containing` stands, newest first."""
        return await asyncio.to_thread(self.episodic.latest, containing, limit)

    async def save(self, memory: Mapping[str, Any]) -> str:
        """Write a memory; return its path inside the home."""
        path = await asyncio.to_thread(self.episodic.save, memory)
        return path.relative_to(self._root).as_posix()

    async def persona_summary(self) -> str:
        """Return who the twin is, for a prompt."""
        return await asyncio.to_thread(self.persona.summary)

    async def short_term(self) -> ShortTerm:
        """Return the short-term state last written."""
        return from_file(await asyncio.to_thread(self._read_short_term))

    async def keep_short_term(self, value: ShortTerm) -> None:
        """Write the short-term state; keys of other programs in the file are kept."""
        await asyncio.to_thread(self._write_short_term, value)

    def _read_short_term(self) -> dict[str, Any]:
        return read_json(self._short_term) if self._short_term.exists() else {}

    def _write_short_term(self, value: ShortTerm) -> None:
        with update_json(self._short_term) as file:
            file.update(value)
