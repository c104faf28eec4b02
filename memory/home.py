"""The memory service of a home: the files behind it are read and written off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from metahuman.memory.keeper import MemoryKeeper
from metahuman.memory.minded import Minded
from metahuman.memory.persona.files import PersonaFiles
from metahuman.memory.persona.short_term import ShortTermFile
from metahuman.memory.recollection import Recollection
from metahuman.memory.store.documents import memory_in
from metahuman.memory.store.file_keeper import files_of
from metahuman.state.context import Mode
from metahuman.state.files import whole
from metahuman.state.kept import Kept
from metahuman.state.memories import Memory, Question
from metahuman.state.parts import Evidence, ShortTerm
from metahuman.state.short_term import Change, with_tasks


class HomeMemory:
    """What the twin of one home knows.

    Args:
        root: The home.
        default_persona: The shipped `core.json`.
        keeper: What keeps the memories; the home's own files where none is given.
        minded: What knows the memories' meanings, where the owner wants that.
        tasks: Returns the owner's open tasks, a line each, the most urgent first.
    """

    def __init__(
        self,
        root: Path,
        default_persona: Path,
        keeper: MemoryKeeper | None = None,
        minded: Minded | None = None,
        tasks: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._root, self._tasks = root, tasks
        self.keeper: MemoryKeeper = keeper or files_of(root)
        self.recollection = Recollection(self.keeper, minded)
        self.persona = PersonaFiles(root / "persona", default_persona)
        self.short_term_file = ShortTermFile(root / "out" / "state" / "short-term.json")

    async def current_mode(self) -> Mode:
        """Return the owner's cognitive mode."""
        return await asyncio.to_thread(self.persona.mode)

    async def set_mode(self, mode: Mode, actor: str, moment: datetime) -> str:
        """Make `mode` the owner's mode from `moment` on; return the one before."""
        return await asyncio.to_thread(self.persona.set_mode, mode, actor, moment)

    async def recall(self, question: Question) -> Sequence[Evidence]:
        """Return what bears on a question, the best first."""
        return await asyncio.to_thread(self.recollection.evidence, question)

    async def latest(self, containing: str, *, limit: int) -> list[dict[str, Any]]:
        """Return the latest memories in whose text `containing` stands, newest first."""
        return await asyncio.to_thread(self.keeper.latest, containing, limit)

    async def save(self, memory: Mapping[str, Any], *, recalled: Sequence[str] = ()) -> Kept:
        """Write a memory, unless nothing in it is new; say what became of it."""
        return await asyncio.to_thread(self.keep, memory_in(self._root, whole(dict(memory))), recalled)

    async def revise(self, memory_id: str, said: str, response: str) -> None:
        """Put what was answered anew into the memory of a turn; one that only counts it as said again stays as it is.

        Args:
            memory_id: The memory that the turn became.
            said: What the turn's message says.
            response: The new answer.
        """

        def change(memory: dict[str, Any]) -> dict[str, Any]:
            return {"response": response} if memory.get("content") == said else {}

        await asyncio.to_thread(self.keeper.edit, memory_id, change)

    def keep(self, memory: Memory, recalled: Sequence[str] = ()) -> Kept:
        """Write a memory, as `save` does, at once."""
        kept = self.recollection.keep(memory, recalled)
        return kept._replace(place=kept.place and Path(kept.place).relative_to(self._root).as_posix())

    def ready(self) -> None:
        """Wait until everything that lies in the files can be found."""
        self.recollection.ready()

    async def persona_summary(self) -> str:
        """Return who the twin is, for a prompt."""
        return await asyncio.to_thread(self.persona.summary)

    async def short_term(self) -> ShortTerm:
        """Return what the home has in mind, the owner's open tasks too."""
        return await asyncio.to_thread(self._in_mind)

    async def change_short_term(self, change: Change) -> list[str]:
        """Change what the home has in mind; return the keys that changed."""
        return await asyncio.to_thread(self.short_term_file.change, change)

    def close(self) -> None:
        """Close what is open; a later call opens it again."""
        self.recollection.close()

    def _in_mind(self) -> ShortTerm:
        state = self.short_term_file.load()
        # Those of the list are not written into the file: one that is done would stay there.
        return with_tasks(state, [*reversed(self._tasks())])
