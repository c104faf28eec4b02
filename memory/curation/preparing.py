"""A memory made ready for the curator, and the gates that need no model: consent, length, nothing left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from metahuman.memory.curation.cleaning import cleaned
from metahuman.memory.curation.rubric import SHORTEST
from metahuman.memory.hygiene.edits import noise_of
from metahuman.memory.hygiene.told import answer_of, content_of
from metahuman.memory.hygiene.wording import words
from metahuman.state.curating import Prepared
from metahuman.state.memories import INNER, Memory

#: Characters of both sides together; what is longer is a document, and no talk.
LONGEST = 40_000
NO_CONSENT = "its owner does not want it learned from"
NOTHING_LEFT = "nothing that a person said is left of it"


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
        found=found or [],
        refused=refused or [],
    )
