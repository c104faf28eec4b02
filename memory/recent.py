"""The latest things said and noted outside a thread."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from metahuman.memory.episodic import EpisodicStore
from metahuman.state.parts import Evidence

#: What a conversation may draw on; inner dialogue, dreams and reflections are not facts.
TYPES = ("conversation", "observation")
RECENT = 5
#: Looking further back than this for recent memories is no longer recent.
LOOK_BACK = 50
#: Characters of one memory that go into a prompt.
CUT = 240


def recent(store: EpisodicStore, thread: str | None) -> list[Evidence]:
    """Return the latest memories from outside `thread`, oldest first; what the thread said, it still shows itself."""
    outside = (memory for memory in islice(store.newest(), LOOK_BACK) if _fits(memory, thread))
    return [_evidence(memory) for memory in islice(outside, RECENT)][::-1]


def _fits(memory: Mapping[str, Any], thread: str | None) -> bool:
    metadata = memory.get("metadata")
    own = isinstance(metadata, dict) and thread is not None and metadata.get("conversationId") == thread
    return memory.get("type", "observation") in TYPES and not own


def _evidence(memory: Mapping[str, Any]) -> Evidence:
    text, response = _cut(memory["content"]), memory.get("response")
    if isinstance(response, str) and response:
        text = f"they said: {text} / you answered: {_cut(response)}"
    return Evidence(
        id=str(memory.get("id", "")),
        timestamp=memory["timestamp"],
        type=str(memory.get("type", "observation")),
        text=text,
        why="recent",
    )


def _cut(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= CUT else f"{words[:CUT].rsplit(' ', 1)[0]} …"
