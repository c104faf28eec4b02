"""The memories of some days, as the digest reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from metahuman.memory.curation.stripping import strip
from metahuman.memory.hygiene.edits import noise_of
from metahuman.memory.hygiene.told import content_of
from metahuman.memory.index import Where
from metahuman.memory.keeper import MemoryKeeper
from metahuman.state.digesting import Noted
from metahuman.state.errors import BadChoice, SettingError
from metahuman.state.memories import INNER, Memory
from metahuman.state.moments import iso

#: The latest memories of the days that are read; nobody says more in two weeks.
MOST = 20_000
#: Kinds of memories that programs write: they tell what it was about, not how the owner speaks.
WRITTEN_FOR = ("summary", "task", "event", "action", "tool", "tool_invocation", "system")
#: Memories that are read at a time.
BATCH = 500


def noted_since(keeper: MemoryKeeper, since: datetime) -> list[Noted]:
    """Return the memories from a moment on, oldest first: no inner dialogues, dreams and reflections, and no noise.

    Args:
        keeper: The memories.
        since: The moment.

    Raises:
        StoreError: If they cannot be read.
    """
    found = keeper.index.latest(Where(since=since.timestamp(), current=False), MOST)
    documents = [one.document for one in reversed(found)]
    parts = [documents[start : start + BATCH] for start in range(0, len(documents), BATCH)]
    return [_noted(memory) for part in parts for memory in keeper.shown(part) if _is_read(memory)]


def gone(keeper: MemoryKeeper, ids: Sequence[str]) -> list[str]:
    """Return which of some ids no memory has any more; one whose file cannot be read still has its own."""
    known = keeper.index.find(ids)
    return [memory for memory in ids if memory not in known and not _is_there(keeper, memory)]


def _is_read(memory: Memory) -> bool:
    return memory.type not in INNER and noise_of(memory) is None


def _noted(memory: Memory) -> Noted:
    return Noted(
        id=memory.id,
        at=iso(memory.at),
        thread=memory.metadata.conversation_id or "",
        said=strip(content_of(memory)).text.strip(),
        own=memory.metadata.speaker is None and memory.type not in WRITTEN_FOR,
        current=memory.current,
    )


def _is_there(keeper: MemoryKeeper, memory: str) -> bool:
    try:
        keeper.read(memory)
    except BadChoice:
        return False
    except SettingError:
        return True
    return True
