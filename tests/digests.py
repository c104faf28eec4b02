"""Memories to look back on, as the digest reads them, and a home that holds them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from metahuman.state.digesting import Claim, Kind, Noted
from metahuman.state.moments import iso
from tests.fakes import NOON

T = TypeVar("T")


class Obliging:
    """A `Courtesy` that nobody disturbs."""

    async def gently(self, make: Callable[[], Awaitable[T]]) -> T:
        return await make()


def noted(*said: str, own: bool = True, threads: int = 100, days: int = 12) -> list[Noted]:
    """Return memories m0, m1, … of the `days` before the clock of tests, in as many conversations as `threads`."""
    return [
        Noted(id=f"m{number}", at=moment(number, days), thread=f"t{number % threads}", said=text, own=own, current=True)
        for number, text in enumerate(said)
    ]


def moment(number: int, days: int = 12) -> str:
    """Return the moment of a memory: five hours after that of the one before, or a minute where all are of one day."""
    return iso(
        NOON - timedelta(days=days, minutes=200) + (timedelta(hours=5) if days else timedelta(minutes=1)) * number
    )


def claim(kind: Kind, text: str, *memories: str, value: str = "", words: str = "") -> Claim:
    return Claim(kind=kind, text=text, value=value, words=words, memories=list(memories))


def write_memories(home: Path, memories: Sequence[Noted], **more: Any) -> None:
    """Write memories as files of a home."""
    folder = home / "memory" / "episodic" / "2026"
    folder.mkdir(parents=True, exist_ok=True)
    for one in memories:
        content = {"id": one["id"], "timestamp": one["at"], "type": "conversation", "content": one["said"], **more}
        metadata = {"conversationId": one["thread"], **more.get("metadata", {})}
        (folder / f"{one['id']}.json").write_text(json.dumps({**content, "metadata": metadata}))
