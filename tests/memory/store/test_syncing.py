"""The index brought up to date with the files, and made anew from them."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from metahuman.memory.store.keeping import BATCH, Keeper
from metahuman.memory.store.syncing import Synced, reindex, sync
from metahuman.memory.store.verifying import verify
from metahuman.state.errors import StoreError
from tests.homes import files
from tests.keepers import a_memory, found, keeper_of


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    with keeper_of(tmp_path) as opened:
        yield opened


def put(keeper: Keeper, place: str, content: object) -> Path:
    path = keeper.files.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def fill(keeper: Keeper, count: int) -> None:
    for number in range(count):
        put(keeper, f"2026/evt-{number}.json", a_memory(f"evt-{number}", f"rain number{number}").as_json())


def test_a_home_of_another_program_is_taken_in(keeper: Keeper) -> None:
    put(keeper, "2025/11/04/evt-1.json", a_memory("evt-1", "rain").as_json())
    put(keeper, "2025/note.json", {"timestamp": "2025-11-05T10:00:00Z", "content": "snow"})
    put(keeper, "2025/notes.txt", "mine")
    put(keeper, "2025/.hidden.json", "{")
    assert (keeper.index.filled, sync(keeper)) == (False, Synced(2, 0, 0, []))
    assert (found(keeper, "rain"), found(keeper, "snow"), keeper.index.filled) == (["evt-1"], ["note"], True)
    assert sync(keeper) == Synced(0, 0, 0, [])


def test_what_was_done_by_hand_is_taken_in(keeper: Keeper) -> None:
    fill(keeper, 4)
    sync(keeper)
    put(keeper, "2026/evt-1.json", a_memory("evt-1", "snow").as_json())
    (keeper.files.folder / "2026" / "evt-2.json").unlink()
    (keeper.files.folder / "2025").mkdir()
    (keeper.files.folder / "2026" / "evt-3.json").rename(keeper.files.folder / "2025" / "moved.json")
    put(keeper, "2026/evt-9.json", a_memory("evt-9", "sun").as_json())
    done = sync(keeper)
    assert (done.added, done.changed) == (2, 1)
    assert [found(keeper, word) for word in ("snow", "number2", "number3", "sun")] == [
        ["evt-1"],
        [],
        ["evt-3"],
        ["evt-9"],
    ]
    assert verify(keeper).sound


def test_broken_files_are_told_and_left_as_they_are(tmp_path: Path, keeper: Keeper) -> None:
    fill(keeper, 2)
    sync(keeper)
    odd = {"cut": '{"id": ', "list": "[]", "number": '{"timestamp": 3}', "empty": "", "evt-1": '{"content": "x"}'}
    for name, content in odd.items():
        put(keeper, f"2026/{name}.json", content)
    (keeper.files.folder / "2026" / "latin.json").write_bytes(b'{"content": "\xff"}')
    (keeper.files.folder / "2026" / "folder.json").mkdir()
    before = files(tmp_path, but="state")
    for _ in range(2):
        done = sync(keeper)
        assert (done.added, done.changed, len(done.broken)) == (0, 0, 6)
    assert "latin.json: not UTF-8 text (byte 13); save it as UTF-8" in "\n".join(map(str, done.broken))
    assert (files(tmp_path, but="state"), found(keeper, "number1")) == (before, [])


def test_progress_is_told(keeper: Keeper) -> None:
    told: list[tuple[int, int]] = []
    fill(keeper, BATCH + 1)
    sync(keeper, lambda *done: told.append(done))
    assert told == [(BATCH, BATCH + 1), (BATCH + 1, BATCH + 1)]


def test_interrupted_it_goes_on_where_it_was(keeper: Keeper) -> None:
    fill(keeper, BATCH + 1)

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(keeper, stop)
    assert (keeper.index.count(), keeper.index.filled) == (BATCH, False)
    with pytest.raises(KeyboardInterrupt):
        reindex(keeper, stop)
    assert keeper.index.count() == BATCH
    assert sync(keeper).added == 1


def test_verify_tells_what_is_wrong_and_changes_nothing(tmp_path: Path, keeper: Keeper) -> None:
    fill(keeper, 4)
    sync(keeper)
    put(keeper, "2026/evt-0.json", a_memory("evt-0", "snow").as_json())
    put(keeper, "2026/new.json", a_memory("new").as_json())
    put(keeper, "2026/cut.json", "{")
    put(keeper, "2026/copy.json", a_memory("evt-2").as_json())
    (keeper.files.folder / "2026" / "evt-1.json").unlink()
    os.utime(keeper.files.folder / "2026" / "evt-3.json", (1, 1))
    before = files(tmp_path)
    told = verify(keeper)
    assert (told.files, told.missing, told.gone, told.faults) == (6, ["2026/new.json"], ["2026/evt-1.json"], [])
    assert told.differing == ["2026/evt-0.json", "2026/evt-3.json"]
    assert sorted(Path(error.file).name for error in told.broken) == ["copy.json", "cut.json"]
    assert {place for place in before if before[place] != files(tmp_path)[place]} == set()


def test_it_is_made_anew_while_others_go_on(tmp_path: Path, keeper: Keeper) -> None:
    fill(keeper, 2 * BATCH)
    sync(keeper)
    with keeper_of(tmp_path) as other:

        def meanwhile(done: int, of: int) -> None:
            assert found(other, "number1") == ["evt-1"]
            if done == of:
                other.save(a_memory("new", "sun"))
                other.edit("evt-2", {"content": "snow"})
                other.remove("evt-3")

        reindex(keeper, meanwhile)
        assert [found(other, word) for word in ("sun", "snow", "number2", "number3")] == [["new"], ["evt-2"], [], []]
        assert verify(other).sound
        other.save(a_memory("later", "stars"))
    assert (found(keeper, "stars"), keeper.index.filled) == (["later"], True)
    assert [path.name for path in (tmp_path / "state").glob("memory.rebuild*")] == []


def test_a_damaged_index_is_made_anew(tmp_path: Path, keeper: Keeper, caplog: pytest.LogCaptureFixture) -> None:
    fill(keeper, 3)
    sync(keeper)
    keeper.close()
    (tmp_path / "state" / "memory.sqlite").write_bytes(b"not a database" * 500)
    assert (found(keeper, "rain"), keeper.index.filled) == ([], False)
    sync(keeper)
    assert (len(found(keeper, "rain")), verify(keeper).sound, len(caplog.records)) == (3, True, 1)


def test_only_one_makes_it_anew_at_a_time(tmp_path: Path, keeper: Keeper) -> None:
    fill(keeper, 1)
    (tmp_path / "state").mkdir()
    with FileLock(tmp_path / "state" / ".memory.rebuild.lock"), pytest.raises(StoreError, match="another process is"):
        reindex(keeper)


def test_threads_save_while_it_is_made_anew(tmp_path: Path, keeper: Keeper) -> None:
    fill(keeper, 50)

    def save() -> None:
        with keeper_of(tmp_path) as other:
            for number in range(40):
                other.save(a_memory(f"new-{number}"))

    thread = threading.Thread(target=save)
    thread.start()
    while thread.is_alive():
        reindex(keeper)
    thread.join()
    assert verify(keeper).missing == [] or sync(keeper)
    assert (keeper.index.count(), verify(keeper).sound) == (90, True)
