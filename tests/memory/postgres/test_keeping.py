"""The keeper of a home in a real PostgreSQL: it does what the files' does."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from metahuman.memory.index import Where
from metahuman.memory.keeper import MemoryKeeper
from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.keeping import PostgresKeeper
from metahuman.memory.recall.words import stems
from metahuman.memory.store.file_keeper import files_of
from metahuman.state.errors import BadChoice, SettingError
from metahuman.state.files import write_json
from metahuman.state.memories import Memory
from tests.keepers import a_memory
from tests.servers.postgres import postgres_server

pytestmark = pytest.mark.slow


@pytest.fixture
def keeper(database: Database) -> PostgresKeeper:
    return PostgresKeeper(database)


@pytest.fixture(params=["files", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryKeeper:
    """A keeper of files, then one of a database: what is asked of both must be answered alike."""
    if request.param == "files":
        return files_of(tmp_path)
    return PostgresKeeper(request.getfixturevalue("database"))


def found(keeper: MemoryKeeper, words: str) -> list[str]:
    return [candidate.document.id for candidate in keeper.index.search(stems(words), Where(), 10)]


def shown(keeper: MemoryKeeper, *ids: str) -> list[Memory]:
    documents = keeper.index.find(ids)
    return keeper.shown([documents[one].document for one in ids if one in documents])


def test_what_is_kept_is_read_changed_and_removed(either: MemoryKeeper) -> None:
    either.save(a_memory("a", "tea with Anna"))
    either.save(a_memory("a", "something else"))
    assert (either.count(), either.place("a"), either.read("a").content) == (1, "2026/a.json", "tea with Anna")
    assert either.edit("a", {"content": "coffee", "theirs": 1}).content == "coffee"
    assert (found(either, "tea"), found(either, "coffee")) == ([], ["a"])
    assert either.replace(a_memory("a", "cocoa")).content == "cocoa"
    assert [one.as_json() for one in either.all()] == [a_memory("a", "cocoa").as_json()]
    assert either.latest("COCOA", 3) == [a_memory("a", "cocoa").as_json()]
    assert either.remove("a") == "2026/a.json"
    assert (either.count(), found(either, "cocoa")) == (0, [])
    either.close()


def test_what_is_not_there_is_named(either: MemoryKeeper) -> None:
    asked: list[Callable[[], object]] = [
        lambda: either.read("a"),
        lambda: either.place("a"),
        lambda: either.edit("a", {}),
        lambda: either.replace(a_memory("a")),
        lambda: either.remove("a"),
        lambda: either.forget(Path("nowhere"), "a"),
    ]
    for ask in asked:
        with pytest.raises(BadChoice, match="there is no memory 'a'; `metahuman memory list` names them"):
            ask()
    either.close()


def test_found_documents_are_shown_in_order_as_they_now_are(either: MemoryKeeper) -> None:
    for name in ("a", "b", "c"):
        either.save(a_memory(name))
    before = either.index.find(["a", "b", "c"])
    either.edit("b", {"content": "changed"})
    either.remove("a")
    now = either.shown([before[name].document for name in ("c", "a", "b")])
    assert [(one.id, one.content) for one in now] == [("c", "about c"), ("b", "changed")]
    either.close()


def test_many_are_kept_at_once(either: MemoryKeeper) -> None:
    either.save(a_memory("m1"))
    told: list[int] = []
    many = [*(a_memory(f"m{n}") for n in range(210)), a_memory("../a"), a_memory("m2", "again")]
    saved = either.save_all(many, lambda done, _: told.append(done))
    assert (saved.new, saved.known, len(saved.refused), told[-1]) == (209, 2, 1, 212)
    assert either.read("m2").content == "about m2"
    assert either.verify().sound
    either.close()


def test_a_writer_may_save_while_it_keeps_others_out(either: MemoryKeeper) -> None:
    def other() -> None:
        either.save(a_memory("other"))

    with ThreadPoolExecutor(1) as worker:
        with either.writing():
            waiting = worker.submit(other)
            with either.writing():
                either.save(a_memory("mine"))
            assert found(either, "about") == ["mine"]
            with pytest.raises(SettingError):
                either.edit("mine", {"timestamp": "soon"})
            assert not waiting.done()
        waiting.result(10)
    assert {one.id for one in either.all()} == {"mine", "other"}
    either.close()


def test_what_fails_inside_a_writer_s_block_is_undone(keeper: PostgresKeeper) -> None:
    def broken_off() -> None:
        with keeper.writing():
            keeper.save(a_memory("a"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert (keeper.count(), keeper.index.count()) == (0, 0)


def test_it_opens_again_after_it_was_closed(keeper: PostgresKeeper) -> None:
    keeper.save(a_memory("a"))
    keeper.close()
    keeper.close()
    assert keeper.count() == 1


def test_a_look_finds_what_is_wrong_and_a_new_index_mends_it(keeper: PostgresKeeper, database: Database) -> None:
    keeper.save_all(a_memory(f"m{n}", f"tea \0 {n}", metadata={"conversationId": "x\0"}) for n in range(4))
    assert keeper.verify().sound
    with database.connection() as connection:
        connection.execute("DELETE FROM documents WHERE id = 'm0'")
        connection.execute("UPDATE documents SET words = 'wrong' WHERE id = 'm1'")
        connection.execute("DELETE FROM memories WHERE id = 'm2'")
        connection.execute("UPDATE memories SET memory = '{\"id\": \"m3\"}' WHERE id = 'm3'")
        connection.execute("UPDATE stems SET documents = documents + 1")
    wrong = keeper.verify()
    assert (wrong.missing, wrong.differing, wrong.gone) == (["2026/m0.json"], ["2026/m1.json"], ["m2"])
    assert [error.file for error in wrong.broken] == ["2026/m3.json"]
    assert len(wrong.faults) == 1
    assert [one.id for one in keeper.all()] == ["m1", "m0"]
    assert [one["id"] for one in keeper.latest("tea", 9)] == ["m1", "m0"]
    told: list[tuple[int, int]] = []
    assert keeper.reindex(lambda *progress: told.append(progress)).added == 3
    assert (told, sorted(found(keeper, "tea"))) == ([(3, 3)], ["m0", "m1", "m3"])
    keeper.remove("m3")
    assert keeper.verify().sound
    assert keeper.sync() == (0, 0, 0, [])


def test_forgetting_leaves_no_trace(tmp_path: Path, keeper: PostgresKeeper, database: Database) -> None:
    keeper.save(a_memory("evt-1", "unforgettable"))
    keeper.save(a_memory("evt-2", links=["evt-1", "evt-12"], metadata={"supersedes": ["evt-1"]}))
    keeper.save(a_memory("evt-3", "as I said in evt-1"))
    keeper.save(a_memory("evt-12", "another"))
    write_json(tmp_path / "memory/curated/conversations/2026-05-17-evt-1.json", {"content": "unforgettable"})
    done = keeper.forget(tmp_path, "evt-1")
    assert done.place == "2026/evt-1.json"
    assert done.curated == ["memory/curated/conversations/2026-05-17-evt-1.json"]
    assert (done.unlinked, done.mentions) == (["evt-2"], ["memory/episodic/2026/evt-3.json"])
    assert (keeper.read("evt-2").links, keeper.read("evt-2").metadata.supersedes) == (["evt-12"], [])
    assert keeper.verify().sound
    folder = postgres_server().data / "base"
    assert [path for path in folder.rglob("*") if path.is_file() and b"unforgettable" in path.read_bytes()] == []


def test_what_is_forgotten_goes_from_the_files_it_came_from_too(tmp_path: Path, keeper: PostgresKeeper) -> None:
    files = files_of(tmp_path)
    for each in (keeper, files):
        each.save(a_memory("evt-1", "unforgettable"))
        each.save(a_memory("evt-2", links=["evt-1"]))
    files.close()
    done = keeper.forget(tmp_path, "evt-1")
    assert (done.place, done.unlinked) == ("2026/evt-1.json", ["evt-2"])
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in left if b"unforgettable" in path.read_bytes()] == []
    assert json.loads((tmp_path / "memory/episodic/2026/evt-2.json").read_bytes())["links"] == []
