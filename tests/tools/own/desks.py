"""Desks for tools: a home that is thrown away, memories in a list, models that answer from a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from metahuman.state.memories import Question
from metahuman.state.parts import Evidence
from metahuman.tools.changes import ChangeLog, Key
from metahuman.tools.desk import Desk, Limits

#: A Monday, in Berlin.
NOW = datetime(2026, 11, 23, 12, 21, 5, tzinfo=ZoneInfo("Europe/Berlin"))


@dataclass
class ListedMemories:
    """Memories in a list."""

    evidence: Sequence[Evidence] = ()
    questions: list[Question] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)

    async def search(self, question: Question) -> Sequence[Evidence]:
        self.questions.append(question)
        return self.evidence

    async def save(self, text: str, moment: datetime) -> str:
        self.saved.append(text)
        return f"evt-{len(self.saved)}"


@dataclass
class ScriptedAsking:
    """Answers from a script, and keeps what it was asked."""

    answers: list[str | Exception] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def __call__(self, role: str, instruction: str, material: str) -> str:
        self.asked.append((role, instruction, material))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def desk(
    root: Path,
    *,
    call: str = "1",
    now: datetime = NOW,
    memories: ListedMemories | None = None,
    ask: ScriptedAsking | None = None,
    output: int = Limits().output,
) -> Desk:
    """Return the desk of a call: its home is `root/home`, its files are in `root/files`."""
    home, base = root / "home", root / "files"
    for folder in (home, base):
        folder.mkdir(exist_ok=True)
    return Desk(
        home=home,
        base=base,
        folders=(base,),
        now=now,
        changes=ChangeLog(home, lambda: now).of(Key("main", "turn-1", call)),
        memories=memories or ListedMemories(),
        ask=ask or ScriptedAsking(),
        limits=Limits(output=output),
    )
