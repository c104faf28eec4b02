"""Curated memories for tests, and the files of a home that they give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from metahuman.memory.curation.preparing import source_hash
from metahuman.memory.dataset.lineage import Look, Source
from metahuman.memory.store.bulk import save_all
from metahuman.state.curating import Pair
from metahuman.state.errors import BadChoice
from metahuman.state.memories import Memory
from tests.keepers import a_memory, keeper_of


def curated(memory_id: str = "evt-1", **changed: Any) -> dict[str, Any]:
    """Return a curated memory that gives a pair, unless `changed` says otherwise."""
    return {
        "id": memory_id,
        "originalTimestamp": "2026-05-17T12:00:00.000Z",
        "conversationId": "main",
        "conversationalEssence": "Bread.",
        "context": "",
        "userMessage": f"I bake bread with my sister on Sundays, says {memory_id}.",
        "assistantResponse": f"You bake together, and it smells of home, says {memory_id} too.",
        "curatedAt": "2026-11-22T10:00:00.000Z",
        "flags": [],
        "suitableForTraining": True,
        "refused": [],
        "source": {"hash": "ab" * 32, "type": "conversation", "found": []},
        "curator": {"model": "qwen3:14b", "replaced": [], "scores": {"dense": 0.9}},
        "review": None,
        **changed,
    }


def shelve(home: Path, *several: dict[str, Any]) -> list[Path]:
    """Write curated memories into a home."""
    return [put(home, f"{str(one['curatedAt'])[:10]}-{one['id']}.json", json.dumps(one)) for one in several]


def put(home: Path, name: str, text: str | bytes) -> Path:
    """Write a file among the curated memories."""
    path = home / "memory" / "curated" / "conversations" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode(errors="surrogatepass"))
    return path


def rows(home: Path) -> dict[str, list[Pair]]:
    """Return the rows of each file of pairs, by its name."""
    found = sorted((home / "memory" / "curated" / "training-datasets").glob("*"))
    return {path.name: [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] for path in found}


def names(home: Path) -> list[str]:
    """Return the ids of the memories that have a row."""
    return [row["metadata"]["sourceId"] for each in rows(home).values() for row in each]


def there(**changed: Any) -> Look:
    """Return what finds every memory, as it was curated but for what is `changed`."""
    return lambda _: Source(**{"hash": "ab" * 32, "consent": True, "type": "conversation", **changed})


def as_it_is(home: Path) -> Look:
    """Return what finds the memories of a home as they are."""

    def look(name: str) -> Source | None:
        with keeper_of(home) as keeper:
            try:
                memory = keeper.read(name)
            except BadChoice:
                return None
        return Source(source_hash(memory), memory.metadata.training_consent, memory.type)

    return look


def home_with(home: Path, count: int) -> None:
    """Fill a home with memories of several conversations and days, and with what was curated of them."""
    memories = [_memory(number) for number in range(count)]
    with keeper_of(home) as keeper:
        save_all(keeper, memories)
    for memory in memories:
        talk, source = memory.metadata.conversation_id, {"hash": source_hash(memory)}
        one = curated(memory.id, originalTimestamp=memory.timestamp, conversationId=talk, source=source)
        shelve(home, {**one, "userMessage": memory.content, "assistantResponse": memory.response})


def _memory(number: int) -> Memory:
    words = [WORDS[number * step % len(WORDS)] for step in (1, 3, 7)]
    return a_memory(
        f"evt-{number}",
        f"I like {words[0]} number {number} more than {words[2]}.",
        response=f"So {words[1]} it is, {number} times over.",
        timestamp=f"2026-{1 + number % 9:02}-{1 + number % 28:02}T12:00:00.000Z",
        metadata={"conversationId": f"talk-{number // 2}"},
    )


WORDS = [
    "apples",
    "rivers",
    "trains",
    "poems",
    "bees",
    "clouds",
    "chess",
    "soup",
    "maps",
    "rain",
    "moss",
    "jazz",
    "tea",
]
