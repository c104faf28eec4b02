"""Memories in a real PostgreSQL: kept whole, changed one after the other, safe from a server that goes away."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from metahuman.memory.index import Where
from metahuman.memory.postgres.address import address_of
from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.index import PostgresIndex
from metahuman.memory.postgres.memories import PostgresMemories, Stored
from metahuman.memory.postgres.schema import MIGRATIONS, PREFIX
from metahuman.memory.recall.words import stems
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.memories import Memory
from tests.servers.postgres import postgres_server

pytestmark = pytest.mark.slow

WORKERS, EACH = 4, 15


@pytest.fixture
def memories(database: Database) -> PostgresMemories:
    return PostgresMemories(database)


def memory(name: str, content: str = "tea with Anna", **fields: Any) -> dict[str, Any]:
    return {"id": name, "timestamp": "2026-05-17T12:00:00.000Z", "content": content, **fields}


def found(database: Database, word: str) -> list[str]:
    return [candidate.document.id for candidate in PostgresIndex(database).search(stems(word), Where(), 9)]


def test_a_memory_comes_back_whole(memories: PostgresMemories) -> None:
    odd = memory("a", "NUL \0, 日本, \U0001f600", theirs={"z": None, "a": [1.0, 1e22, 10**30]}, metadata={"seen": 2})
    assert memories.save(odd) == "2026/a.json"
    kept = next(memories.kept())
    assert (kept.place, json.dumps(kept.value)) == ("2026/a.json", json.dumps(odd))
    assert memories.read("a") == Memory.model_validate(odd)
    assert memories.read("b") is None


def test_saving_again_changes_nothing(memories: PostgresMemories, database: Database) -> None:
    memories.save(memory("a"))
    assert memories.save(Memory.model_validate(memory("a", "something else"))) == "2026/a.json"
    assert (memories.count(), memories.latest("TEA", 5)) == (1, [memory("a")])
    assert (found(database, "Anna"), found(database, "something")) == (["a"], [])


def test_memories_come_newest_first_however_many_share_a_moment(memories: PostgresMemories) -> None:
    many = [memory(f"m{n:04}", timestamp=f"2026-05-17T12:00:{n // 200:02}.000Z") for n in range(1_100)]
    assert memories.save_all(Stored(f"2026/{one['id']}.json", one) for one in many) == 1_100
    assert [one.id for one in memories.all()] == [one["id"] for one in reversed(many)]
    assert [kept.value for kept in memories.kept()] == many


def test_an_edit_keeps_what_it_does_not_touch_and_is_found(memories: PostgresMemories, database: Database) -> None:
    memories.save(memory("a", theirs=1, metadata={"model": "m"}))
    assert memories.edit("a", {"content": "coffee", "metadata": {"supersededBy": None, "seen": 3}})
    assert next(memories.kept()).value == memory("a", "coffee", theirs=1, metadata={"model": "m", "seen": 3})
    assert (found(database, "coffee"), found(database, "tea")) == (["a"], [])
    assert memories.edit("never there", {"content": "x"}) is None


@pytest.mark.parametrize("change", [{"content": None}, {"timestamp": "soon"}, {"id": "b"}, {"theirs": float("nan")}])
def test_an_edit_that_makes_no_memory_changes_nothing(memories: PostgresMemories, change: dict[str, Any]) -> None:
    memories.save(memory("a"))
    with pytest.raises((SettingError, StoreError)):
        memories.edit("a", change)
    assert next(memories.kept()).value == memory("a")


@pytest.mark.parametrize("bad", [{"id": "../a"}, {"timestamp": "then"}, {"content": 1}, {"theirs": float("inf")}])
def test_what_is_no_memory_is_refused_in_one_line(memories: PostgresMemories, bad: dict[str, Any]) -> None:
    with pytest.raises((SettingError, StoreError)) as refused:
        memories.save({**memory("a"), **bad})
    assert "\n" not in str(refused.value)
    assert memories.count() == 0


def test_what_is_removed_is_found_no_more(memories: PostgresMemories, database: Database) -> None:
    memories.save(memory("a"))
    assert memories.remove(["a", "never there"]) == 1
    assert (memories.count(), found(database, "Anna"), memories.read("a")) == (0, [], None)


def test_the_index_can_be_made_anew(memories: PostgresMemories, database: Database) -> None:
    memories.save_all(Stored("", memory(f"m{n}")) for n in range(3))
    PostgresIndex(database).remove(["m0", "m1"])
    told: list[tuple[int, int]] = []
    memories.reindex(lambda done, total: told.append((done, total)))
    assert (sorted(found(database, "tea")), told) == (["m0", "m1", "m2"], [(3, 3)])


def test_workers_lose_nothing_and_double_nothing(url: str, database: Database, memories: PostgresMemories) -> None:
    def work(worker: int) -> None:
        own = Database(database.address, database.schema.removeprefix(PREFIX))  # nothing is shared but the server
        theirs = PostgresMemories(own)
        for number in range(EACH):
            theirs.save(memory(f"shared{number}"))
            theirs.save(memory(f"own{worker}-{number}"))
            theirs.edit("counted", lambda before: {"metadata": {"seen": before["metadata"]["seen"] + 1}})
        own.close()

    memories.save(memory("counted", metadata={"seen": 0}))
    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(work, range(WORKERS)))
    counted, index = memories.read("counted"), PostgresIndex(database)
    assert counted is not None
    assert counted.metadata.seen == WORKERS * EACH
    assert memories.count() == 1 + EACH + WORKERS * EACH == index.count()
    assert index.frequencies(stems("Anna")) == dict.fromkeys(stems("Anna"), memories.count())


def test_a_server_that_is_gone_is_one_line_and_used_again_when_it_is_back() -> None:
    server = postgres_server()
    url = server.new_database()
    database = Database(address_of(url), "mine", patience=1)
    memories = PostgresMemories(database)
    memories.save(memory("a"))
    server.stop()
    try:
        with pytest.raises(
            StoreError, match=r"^postgresql:///test_\d+\?host=.*: connection .*; see that PostgreSQL runs"
        ):
            memories.read("a")
        with pytest.raises(StoreError, match="see that PostgreSQL runs"):
            Database(address_of(url), "mine").open()
    finally:
        server.start()
    assert memories.read("a") is not None
    database.close()


def test_a_later_version_s_tables_are_left_alone(url: str, database: Database) -> None:
    with database.connection() as connection:
        connection.execute("INSERT INTO versions VALUES (%s)", [len(MIGRATIONS) + 1])
    database.close()
    with pytest.raises(StoreError, match=f"is of version {len(MIGRATIONS) + 1}.*; update this program"):
        database.open()


def test_an_error_repeats_nothing_of_a_memory(database: Database) -> None:
    with pytest.raises(StoreError) as failed, database.connection() as connection:
        connection.execute("SELECT 'my secret'::int")
    assert "secret" not in str(failed.value)
