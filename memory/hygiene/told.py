"""What of a memory is its owner's and its twin's own: for the index and for prompts. The file keeps all of it."""

from __future__ import annotations

from metahuman.memory.hygiene.boilerplate import without_boilerplate
from metahuman.memory.hygiene.echoes import without_context
from metahuman.memory.hygiene.edits import note, response_of
from metahuman.memory.hygiene.junk import said_by_user
from metahuman.memory.hygiene.pastes import shortened
from metahuman.state.memories import Memory


def content_of(memory: Memory) -> str:
    """Return what was said, without pastes and wrappers where hygiene has found some."""
    if not note(memory, "cut"):
        return memory.content
    return shortened(without_context(said_by_user(memory.content))).text


def answer_of(memory: Memory) -> str | None:
    """Return what was answered, without what models say to everybody; None where nothing else is left."""
    answer = response_of(memory)
    return (without_boilerplate(answer) or None) if answer else None
