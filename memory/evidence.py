"""Memories as a prompt shows them."""

from __future__ import annotations

from collections.abc import Sequence

from metahuman.memory.hygiene.edits import outdated
from metahuman.memory.hygiene.told import answer_of, content_of
from metahuman.memory.recall.recaller import Hit
from metahuman.memory.recall.words import stems
from metahuman.state.memories import Memory
from metahuman.state.parts import Evidence

#: Characters of what was said, and of the answer, that a prompt shows.
SAID, ANSWERED = 360, 200


def evidence_of(hit: Hit, memory: Memory, asked: Sequence[str]) -> Evidence:
    """Return what was found as a prompt shows it.

    Args:
        hit: What was found.
        memory: The memory, as its file has it.
        asked: The stems that were looked for: of long texts, the part is shown where most of them stand.
    """
    said = _part(content_of(memory), asked, SAID)
    if answer := answer_of(memory):
        who = f"{memory.metadata.speaker} said" if memory.metadata.speaker else "they said"
        said = f"{who}: {said} / you answered: {_part(answer, asked, ANSWERED)}"
    elif memory.metadata.speaker:
        said = f"{memory.metadata.speaker} said: {said}"
    if old := outdated(memory):
        said = f"{said} (no longer so: {'; '.join(old)})"
    return Evidence(id=memory.id, timestamp=memory.timestamp, type=memory.type, text=said, score=hit.score, why=hit.why)


def _part(text: str, asked: Sequence[str], limit: int) -> str:
    """Return a text in one line, or of a long one the part of it that holds most of what was looked for."""
    plain = " ".join(text.split())
    if len(plain) <= limit:
        return plain
    wanted, step = set(asked), limit // 3
    starts = [plain.rfind(" ", 0, place + 1) + 1 for place in range(0, len(plain) - step, step)]
    best = max(starts, key=lambda start: len(wanted.intersection(stems(plain[start : start + limit]))))
    part = plain[best : best + limit].rsplit(" ", 1)[0]
    return f"{'… ' if best else ''}{part}{' …' if best + len(part) < len(plain) else ''}"
