"""Files and index as one: whatever happens in between, and whoever else writes."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.index import Where
from metahuman.memory.store.bulk import Saved, save_all
from metahuman.memory.store.keeping import BATCH, Keeper
from metahuman.memory.store.verifying import verify
from metahuman.state.errors import BadChoice, SettingError, StoreError
from tests.keepers import a_memory, bytes_of_index, found, keeper_of


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    with keeper_of(tmp_path) as opened:
        yield opened


def put(keeper: Keeper, place: str, content: object) -> Path:
    path = keeper.files.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_what_is_kept_is_found(keeper: Keeper) -> None:
    path = keeper.save(a_memory("evt-1", "Rain over Oslo"))
    assert path == keeper.files.folder / "2026" / "evt-1.json"
    assert found(keeper, "oslo") == ["evt-1"]
    assert keeper.read("evt-1").content == "Rain over Oslo"
    assert (keeper.count(), [memory.id for memory in keeper.all()], verify(keeper).sound) == (1, ["evt-1"], True)


def test_keeping_an_id_again_changes_nothing_wherever_its_file_is(keeper: Keeper) -> None:
    keeper.save(a_memory("evt-1", "rain"))
    keeper.save(a_memory("evt-1", "sun"))
    assert keeper.read("evt-1").content == "rain"
    old = put(keeper, "2025/11/04/evt-2.json", a_memory("evt-2", "snow").as_json())
    with keeper.writing():
        keeper.take(["2025/11/04/evt-2.json"])
    assert keeper.save(a_memory("evt-2", "sun")) == old
    assert keeper.count() == 2


def test_what_is_no_memory_is_refused_before_anything_is_written(tmp_path: Path, keeper: Keeper) -> None:
    good = a_memory("evt-1").as_json()
    for odd in ({"id": "../evt-1"}, {"id": "a/b"}, {"timestamp": ".."}):
        with pytest.raises(StoreError, match="no file can be named after"):
            keeper.save(good | odd)
    with pytest.raises(SettingError, match="metadata: input should be"):
        keeper.save(good | {"metadata": 3})
    assert list(tmp_path.rglob("*.json")) == []


def test_an_edit_keeps_what_it_does_not_name(keeper: Keeper) -> None:
    theirs = {"theirs": None, "deep": {"a": None}, "metadata": {"seen": 2, "note": None, "model": "m"}}
    path = keeper.save(a_memory("evt-1", "rain").as_json() | theirs)
    memory = keeper.edit("evt-1", {"content": "snow", "metadata": {"seen": 3, "model": None}})
    assert (memory.content, memory.metadata.seen) == ("snow", 3)
    kept = json.loads(path.read_text())
    assert (kept["theirs"], kept["deep"], kept["metadata"]) == (None, {"a": None}, {"seen": 3, "note": None})
    assert (found(keeper, "rain"), found(keeper, "snow")) == ([], ["evt-1"])


def test_an_edit_that_would_break_a_memory_changes_nothing(keeper: Keeper) -> None:
    path = keeper.save(a_memory("evt-1"))
    before = path.read_bytes()
    for change in ({"content": 3}, {"timestamp": "never"}, {"metadata": {"seen": "often"}}):
        with pytest.raises(SettingError):
            keeper.edit("evt-1", change)
    with pytest.raises(StoreError, match="'evt-2' is another memory's id; an edit keeps the id"):
        keeper.edit("evt-1", {"id": "evt-2"})
    with pytest.raises(BadChoice, match="there is no memory 'evt-9'"):
        keeper.edit("evt-9", {})
    assert (path.read_bytes(), verify(keeper).sound) == (before, True)


def test_a_memory_can_be_replaced_whole(keeper: Keeper) -> None:
    keeper.save(a_memory("evt-1", "rain", tags=["old"]))
    keeper.replace(a_memory("evt-1", "snow"))
    assert (keeper.read("evt-1").tags, found(keeper, "snow")) == ([], ["evt-1"])


def test_two_who_edit_at_once_do_not_lose_each_others_edits(tmp_path: Path, keeper: Keeper) -> None:
    keeper.save(a_memory("evt-1"))

    def work() -> None:
        with keeper_of(tmp_path) as other:
            for _ in range(15):
                other.edit("evt-1", lambda value: {"metadata": {"seen": value["metadata"]["seen"] + 1}})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keeper.read("evt-1").metadata.seen == 61


def test_what_is_removed_is_gone_from_the_disk(tmp_path: Path, keeper: Keeper) -> None:
    keeper.save(a_memory("evt-1", "xylophone"))
    left = keeper.files.folder / "2026" / ".evt-1.json.x8d7.tmp"
    left.write_text("half a xylophone")
    assert keeper.remove("evt-1") == "2026/evt-1.json"
    assert not left.exists()
    assert (keeper.count(), keeper.index.count(), b"ylophon" in bytes_of_index(tmp_path)) == (0, 0, False)
    with pytest.raises(BadChoice):
        keeper.remove("evt-1")


def test_what_recall_shows_is_what_the_files_say_now(keeper: Keeper) -> None:
    for number in range(4):
        keeper.save(a_memory(f"evt-{number}", f"rain {number}"))
    documents = [one.document for one in keeper.index.latest(Where(), 9)]
    put(keeper, "2026/evt-0.json", a_memory("evt-0", "snow").as_json())
    put(keeper, "2026/evt-1.json", "{")
    (keeper.files.folder / "2026" / "evt-2.json").unlink()
    assert [memory.content for memory in keeper.shown(documents)] == ["rain 3", "snow"]
    assert (found(keeper, "rain"), found(keeper, "snow")) == (["evt-3"], ["evt-0"])
    assert (keeper.files.folder / "2026" / "evt-1.json").read_text() == "{"


@pytest.mark.parametrize("written", [True, False])
def test_what_a_dead_writer_began_is_settled_by_the_next(tmp_path: Path, keeper: Keeper, *, written: bool) -> None:
    keeper.index.intend([("evt-1", "2026/evt-1.json")])
    put(keeper, "2026/.evt-1.json.a8s7.tmp", '{"id": ')
    if written:
        put(keeper, "2026/evt-1.json", a_memory("evt-1", "rain").as_json())
    with keeper_of(tmp_path) as other:
        other.save(a_memory("evt-2", "sun"))
    assert found(keeper, "rain") == (["evt-1"] if written else [])
    assert keeper.index.intents() == []
    assert list(keeper.files.folder.rglob(".*.tmp")) == []


def test_what_a_dead_writer_was_deleting_is_settled(keeper: Keeper) -> None:
    path = keeper.save(a_memory("evt-1", "rain"))
    keeper.index.intend([("evt-1", "2026/evt-1.json")])
    path.unlink()
    keeper.save(a_memory("evt-2", "sun"))
    assert (found(keeper, "rain"), verify(keeper).sound) == ([], True)


def test_an_index_that_cannot_be_used_holds_up_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("in the way")
    with keeper_of(tmp_path) as keeper:
        for number in range(3):
            keeper.save(a_memory(f"evt-{number}"))
        assert save_all(keeper, [a_memory("evt-2"), a_memory("evt-3")]) == Saved(1, 1, [])
        keeper.edit("evt-1", {"content": "edited"})
        assert (keeper.count(), keeper.read("evt-1").content) == (4, "edited")
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "memories are kept, and found again once it can be used" in record.getMessage()


def test_many_are_kept_once_each(keeper: Keeper) -> None:
    told: list[tuple[int, int]] = []
    keeper.save(a_memory("evt-3", "mine"))
    memories = [a_memory(f"evt-{number}") for number in range(BATCH + 20)]
    twice = [*memories, a_memory("evt-7", "another"), a_memory("a/b")]
    done = save_all(keeper, twice, lambda done, of: told.append((done, of)))
    assert (done.new, done.known) == (BATCH + 19, 2)
    [why] = done.refused
    assert "no file can be named after 'a/b'" in why
    assert told == [(BATCH, 0), (BATCH + 22, 0)]
    assert (keeper.read("evt-3").content, keeper.read("evt-7").content) == ("mine", "about evt-7")
    assert save_all(keeper, memories) == Saved(0, BATCH + 20, [])
    assert verify(keeper).sound


def test_many_that_are_broken_off_are_gone_on_with(keeper: Keeper) -> None:
    def memories() -> Iterator[Any]:
        yield from (a_memory(f"evt-{number}") for number in range(BATCH + 5))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_all(keeper, memories())
    assert (keeper.count(), verify(keeper).sound) == (BATCH, True)
    assert save_all(keeper, (a_memory(f"evt-{number}") for number in range(BATCH + 5))) == Saved(5, BATCH, [])


def test_a_file_with_the_id_of_another_hides_nothing(keeper: Keeper) -> None:
    path = keeper.save(a_memory("evt-1", "rain"))
    put(keeper, "2026/copy.json", a_memory("evt-1", "sun").as_json())
    with keeper.writing():
        [told] = keeper.take(["2026/copy.json"])
    assert "2026/evt-1.json has the same; give it an id of its own, or remove one of the two" in str(told)
    assert (found(keeper, "rain"), found(keeper, "sun")) == (["evt-1"], [])
    path.unlink()
    with keeper.writing():
        assert keeper.take(["2026/copy.json"]) == []
    assert (found(keeper, "sun"), keeper.read("evt-1").content) == (["evt-1"], "sun")
