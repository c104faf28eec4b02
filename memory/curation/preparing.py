"""A memory made ready for the curator, and the gates that need no model: consent, length, nothing left."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from metahuman.memory.curation.cleaning import cleaned
from metahuman.memory.curation.rubric import SHORTEST
from metahuman.memory.hygiene.edits import noise_of
from metahuman.memory.hygiene.told import answer_of, content_of
from metahuman.memory.hygiene.wording import words
from metahuman.state.curating import Prepared, Side
from metahuman.state.memories import INNER, Memory

#: Characters of both sides together; what is longer is a document, and no talk.
LONGEST = 40_000
NO_CONSENT = "its owner does not want it learned from"
NOTHING_LEFT = "nothing that a person said is left of it"
COMMAND = "it began with a command of the chat"
_COMMAND = re.compile(r"\s*/[a-z][a-z-]*(?=\s|$)")


def source_hash(memory: Memory | Mapping[str, Any]) -> str:
    """Return what changes when what was said, or answered, does: SHA-256, in hexadecimal digits.

    Args:
        memory: The memory, or what its file holds.
    """
    value = {"content": memory.content, "response": memory.response} if isinstance(memory, Memory) else memory
    both = (value.get(key) for key in ("content", "response"))
    return hashlib.sha256(json.dumps([text or "" for text in both]).encode()).hexdigest()


def passed_over(memory: Memory) -> bool:
    """Tell whether the curator leaves a memory alone: inner life, noise, and what no longer holds."""
    return memory.type in INNER or noise_of(memory) is not None or not memory.current


def prepared(memory: Memory) -> Prepared:
    """Return a memory made ready for the curator, with every reason not to ask a model."""
    if not memory.metadata.training_consent:
        return _prepared(memory, refused=[NO_CONSENT])
    said, answered = content_of(memory), answer_of(memory) or ""
    if _COMMAND.match(memory.content) and memory.response is not None:
        return _prepared(memory, refused=[COMMAND])
    if len(said) + len(answered) > LONGEST:
        return _prepared(memory, refused=[f"it has more than {LONGEST:,} characters"])
    question, answer = cleaned(said), cleaned(answered)
    found = list(dict.fromkeys([*question.found, *answer.found]))
    return _prepared(memory, question.text, answer.text, found, _refused(question.text, answer.text))


def _refused(said: str, answered: str) -> list[str]:
    if not said and not answered:
        return [NOTHING_LEFT]
    size = len(words(said)) + len(words(answered))
    return [f"it has fewer than {SHORTEST} words"] if size < SHORTEST else []


def own_sides(memory: Memory) -> list[Side]:
    """Return which sides of a memory are its owner's own words.

    What was said is, unless somebody else is named. What was answered is where nothing says that a model did: every
    turn with the twin, and every chat that is imported from a product, has the turn's id or the model's name.
    """
    about = memory.metadata
    by_model = about.model or about.turn or about.cognitive_mode
    own: list[Side] = [] if about.speaker else ["said"]
    return [*own, "answered"] if memory.response and not by_model else own


def _prepared(
    memory: Memory,
    said: str = "",
    answered: str = "",
    found: list[str] | None = None,
    refused: list[str] | None = None,
) -> Prepared:
    return Prepared(
        id=memory.id,
        hash=source_hash(memory),
        timestamp=memory.timestamp,
        type=memory.type,
        conversation=memory.metadata.conversation_id or "",
        said=said,
        answered=answered,
        own=own_sides(memory),
        found=found or [],
        refused=refused or [],
    )
