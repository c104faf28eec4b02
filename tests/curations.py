"""A curator's graph over a home of the test's own, whose model answers from a script."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from metahuman.graph.curator import build
from metahuman.memory.curation.home import HomeCuration
from metahuman.memory.keeper import MemoryKeeper
from metahuman.memory.store.file_keeper import files_of
from metahuman.state.curating import CurationInput
from metahuman.state.memories import Memory
from tests.fakes import Answer, FakeClock, World, world

T = TypeVar("T")
SAID = "I always take the long way home along the canal, because Marta taught me to look at the herons."
ANSWERED = "You said the herons make you slow down; I think you like the canal more than you like being home early."


class AtOnce:
    """The courtesy of a home in which nobody talks."""

    async def gently(self, make: Callable[[], Awaitable[T]]) -> T:
        return await make()


def a_talk(memory_id: str = "evt-1", said: str = SAID, answered: str | None = ANSWERED, **more: Any) -> Memory:
    """Return a memory that a pair can be made of, unless it says otherwise; `about` is its metadata."""
    about = {"conversationId": "talk-1", **more.pop("about", {})}
    fields = {"timestamp": "2026-05-17T12:00:00.000Z", "type": "conversation", **more}
    return Memory.model_validate({"id": memory_id, "content": said, "response": answered, "metadata": about, **fields})


def distilled(said: str = SAID, answered: str = ANSWERED, **more: Any) -> str:
    """Return what a curator's model answers that quotes."""
    filled = {"conversationalEssence": "The way home.", "userMessage": said, "assistantResponse": answered}
    return json.dumps({**filled, "suitableForTraining": True, **more})


class Desk:
    """A home with memories, and the curator at work in it."""

    def __init__(self, root: Path, *memories: Memory, keeper: MemoryKeeper | None = None) -> None:
        self.root = root
        self.keeper = keeper or files_of(root)
        self.keeper.save_all(memories)
        self.world: World = world()

    async def run(
        self, *answers: Answer, limit: int = 50, without_model: bool = False, dry: bool = False
    ) -> Mapping[str, Any]:
        """Do a run; every scripted answer must have been asked for."""
        self.world = world({"curator": answers})
        index = self.root / "dry.sqlite" if dry else None
        curation = HomeCuration(self.root, self.keeper, FakeClock(), index=index, dry=dry)
        graph = build(self.world.services, curation, AtOnce()).compile()
        try:
            with self.world.provider:
                given = CurationInput(limit=limit, withoutModel=without_model)
                values: Mapping[str, Any] = await graph.ainvoke(given)
        finally:
            await curation.aclose()
        return values

    async def curate(self, *, limit: int = 0) -> dict[str, int]:
        """Do a run by rules alone, and return how many memories became what."""
        fates: dict[str, int] = (await self.run(without_model=True, limit=limit)).get("fates", {})
        return fates

    def curated(self) -> dict[str, dict[str, Any]]:
        """Return what is curated, by the memories' ids."""
        found = (json.loads(path.read_bytes()) for path in self.files())
        return {one["id"]: one for one in found}

    def files(self) -> list[Path]:
        """Return the curated memories' files."""
        return sorted((self.root / "memory" / "curated" / "conversations").glob("*.json"))

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of all datasets; a broken line fails the test."""
        folder = self.root / "memory" / "curated" / "training-datasets"
        return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]

    def words(self) -> str:
        """Return all that was written about memories, in one piece."""
        return "".join(path.read_text("utf-8") for path in (self.root / "memory" / "curated").rglob("*.json*"))
