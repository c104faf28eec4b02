"""The way of a home's memories into a real PostgreSQL and back: whole, however often it is broken off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.memories import PostgresMemories
from metahuman.memory.postgres.migration import to_files, to_postgres
from metahuman.memory.store.episodic import EpisodicStore
from metahuman.state.files import write_json

pytestmark = pytest.mark.slow


def home_with_memories(folder: Path) -> EpisodicStore:
    for place in ("2024/05/03/old.json", "2025/b.json", "2026/c.json"):
        name = Path(place).stem
        value = {
            "timestamp": f"{place[:4]}-01-02T03:04:05Z",
            "content": f"{name} \0 😀",
            "id": name,
            "theirs": [1.0, None],
        }
        write_json(folder / place, value)
    (folder / "2026" / "broken.json").write_text("{")
    (folder / "2026" / "nan.json").write_text('{"id": "nan", "timestamp": "2026-01-01", "content": "x", "n": NaN}')
    return EpisodicStore(folder)


def nothing(done: int, total: int) -> None:
    pass


def test_memories_go_to_postgresql_and_come_back_as_they_were(tmp_path: Path, database: Database) -> None:
    store, memories = home_with_memories(tmp_path / "one"), PostgresMemories(database)
    told: list[tuple[int, int]] = []
    moved = to_postgres(store, memories, lambda done, total: told.append((done, total)))
    assert (moved.found, moved.new, moved.same, moved.differing, moved.complete) == (5, 3, 3, [], False)
    assert [place for place, _ in moved.left] == ["2026/broken.json", "2026/nan.json"]
    assert told[-1] == (5, 5)
    back = to_files(memories, EpisodicStore(tmp_path / "two"), nothing)
    assert (back.found, back.new, back.same, back.complete) == (3, 3, 3, True)
    for place, _ in EpisodicStore(tmp_path / "two").places():
        assert (tmp_path / "two" / place).read_bytes() == (tmp_path / "one" / place).read_bytes()


def test_a_move_that_was_broken_off_goes_on(tmp_path: Path, database: Database) -> None:
    store, memories = home_with_memories(tmp_path / "one"), PostgresMemories(database)

    def interrupted(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        to_postgres(store, memories, interrupted)
    assert [to_postgres(store, memories, nothing).new for _ in range(2)] == [3, 0]
    target = EpisodicStore(tmp_path / "two")
    with pytest.raises(KeyboardInterrupt):
        to_files(memories, target, interrupted)
    assert [to_files(memories, target, nothing).new for _ in range(2)] == [2, 0]


def test_what_differs_is_told_and_replaced_only_if_asked(tmp_path: Path, database: Database) -> None:
    store, memories = home_with_memories(tmp_path / "one"), PostgresMemories(database)
    to_postgres(store, memories, nothing)
    memories.edit("b", {"content": "changed there"})
    assert to_postgres(store, memories, nothing).differing == ["b"]
    assert to_files(memories, store, nothing).differing == ["b"]
    assert to_files(memories, store, nothing, overwrite=True).complete
    write_json(
        tmp_path / "one" / "2025/b.json", {**json.loads((tmp_path / "one/2025/b.json").read_text()), "content": "here"}
    )
    assert to_postgres(store, memories, nothing, overwrite=True).differing == []
    assert [kept.value["content"] for kept in memories.kept()][1] == "here"


def test_no_place_in_a_database_leads_out_of_the_folder(tmp_path: Path, database: Database) -> None:
    store, memories = home_with_memories(tmp_path / "one"), PostgresMemories(database)
    to_postgres(store, memories, nothing)
    with database.connection() as connection:
        connection.execute("UPDATE memories SET place = '2026/../../../escaped.json' WHERE id = 'c'")
    assert to_files(memories, EpisodicStore(tmp_path / "two"), nothing).complete
    assert sorted(path.name for path in tmp_path.rglob("*.json")).count("escaped.json") == 0
