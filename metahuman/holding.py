"""Which conversations still hold the words of memories that are to be forgotten."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what talks is slow to load, and most homes' threads hold nothing
    from metahuman.home import Home
    from metahuman.state.memories import Memory
    from metahuman.turns import Turns

#: A text of fewer characters may be said by chance; it counts only as a message of its own.
BY_CHANCE = 24


async def threads_with(turns: Turns, memories: Sequence[Memory]) -> dict[str, str]:
    """Return the threads that still hold words of these memories, and where in each.

    Args:
        turns: The home's turns.
        memories: The memories.

    Raises:
        MetaHumanError: If the threads cannot be read.
    """
    found = {thread: await _places(turns, thread, memories) for thread in await turns.names()}
    return {thread: ", ".join(places) for thread, places in found.items() if places}


def home_threads_with(home: Home, memories: Sequence[Memory]) -> dict[str, str]:
    """Return the same of a home that nobody has opened, and leave one without threads as it is."""
    from metahuman.database import URL

    if not (home.checkpoints.exists() or os.environ.get(URL)):
        return {}
    from metahuman.api import MetaHuman

    with MetaHuman(home) as twin:
        return twin.threads_with(memories)


def delete_threads(home: Home, threads: Sequence[str]) -> None:
    """Delete conversations; what is remembered of them stays.

    Raises:
        ThreadBusy: If one of them is in the middle of a turn.
        StoreError: If they cannot be written.
    """
    if not threads:
        return
    from metahuman.api import MetaHuman

    with MetaHuman(home) as twin:
        for thread in threads:
            twin.delete_thread(thread)


async def _places(turns: Turns, thread: str, memories: Sequence[Memory]) -> list[str]:
    """Return where in a thread words of the memories stand."""
    messages = (await turns.values(thread)).get("messages", [])
    ids, said = {message.id for message in messages}, [message.text for message in messages]
    reply = await turns.last_reply(thread)
    evidence = {one["id"] for one in reply.evidence} if reply else set[str]()
    found = []
    if any(one.metadata.turn in ids or _is_said(one.content, said) for one in memories):
        found.append("its messages")
    if any(one.id in evidence for one in memories):
        found.append("what its last turn recalled")
    if any(one.metadata.conversation_id == thread and one.metadata.turn not in ids for one in memories):
        found.append("perhaps its summary")
    return found


def _is_said(content: str, said: Sequence[str]) -> bool:
    content = content.strip()
    return any(content == text.strip() or (len(content) >= BY_CHANCE and content in text) for text in said)
