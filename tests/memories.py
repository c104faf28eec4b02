"""A memory service that keeps everything in dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from metahuman.state.context import Mode
from metahuman.state.kept import Kept
from metahuman.state.memories import Question
from metahuman.state.parts import Evidence, ShortTerm
from metahuman.state.short_term import Change, changed_keys, from_file


@dataclass
class FakeMemory:
    """A memory in a dictionary."""

    mode: Mode = "dual"
    evidence: list[Evidence] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    saved: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    kept: list[ShortTerm] = field(default_factory=list)

    async def current_mode(self) -> Mode:
        return self.mode

    async def set_mode(self, mode: Mode, actor: str, moment: datetime) -> str:
        before, self.mode = self.mode, mode
        return before

    async def recall(self, question: Question) -> Sequence[Evidence]:
        self.questions.append(question)
        return self.evidence

    async def latest(self, containing: str, *, limit: int) -> list[dict[str, Any]]:
        return [dict(memory) for memory in reversed(self.saved.values()) if containing in memory["content"]][:limit]

    async def save(self, memory: Mapping[str, Any], *, recalled: Sequence[str] = ()) -> Kept:
        self.saved.setdefault(memory["id"], memory)
        return Kept(memory["id"], f"memory/{memory['id']}.json", None, [])

    async def persona_summary(self) -> str:
        return "You are Ada."

    async def short_term(self) -> ShortTerm:
        return self.kept[-1] if self.kept else from_file({})

    async def change_short_term(self, change: Change) -> list[str]:
        before = await self.short_term()
        self.kept.append(change(before))
        return changed_keys(before, self.kept[-1])
