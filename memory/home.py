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
from metahuman.memory.short_term import ShortTermFile
from metahuman.state.context import Mode
from metahuman.state.parts import Evidence, ShortTerm
from metahuman.state.short_term import Change


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
        self.short_term_file = ShortTermFile(root / "out" / "state" / "short-term.json")

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
        """Return what the home has in mind."""
        return await asyncio.to_thread(self.short_term_file.load)

    async def change_short_term(self, change: Change) -> list[str]:
        """Change what the home has in mind; return the keys that differ. Keys of other programs are kept."""
        return await asyncio.to_thread(self.short_term_file.change, change)
