"""Episodic memories: a file each, whatever the folder has been through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.store.episodic import EpisodicStore
from metahuman.state.errors import StoreError


def memory(name: str, year: str = "2026", **more: Any) -> dict[str, Any]:
    return {"id": name, "timestamp": f"{year}-05-17T12:00:00.000Z", "content": f"about {name}", **more}


def put(folder: Path, place: str, content: object) -> None:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def ids(store: EpisodicStore) -> list[str]:
    return [found["id"] for found in store.newest()]


def test_a_memory_is_a_file_that_its_owner_can_read(tmp_path: Path) -> None:
    store = EpisodicStore(tmp_path / "memory" / "episodic")
    path = store.save(memory("evt-1", entities=["Zoë"]))
    assert path == tmp_path / "memory" / "episodic" / "2026" / "evt-1.json"
    assert "Zoë" in path.read_text("utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in (path.parent, *path.parents[1:3])} == {0o700}
    assert list(store.newest()) == [memory("evt-1", entities=["Zoë"])]


def test_saving_an_id_again_changes_nothing(tmp_path: Path) -> None:
    store = EpisodicStore(tmp_path)
    first = store.save(memory("evt-1"))
    first.write_text(json.dumps(memory("evt-1", note="the owner's")))
    assert store.save(memory("evt-1")) == first
    assert [found.get("note") for found in store.newest()] == ["the owner's"]


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "../../etc/evt-1"},
        {"id": "a/b"},
        {"id": ".hidden"},
        {"id": ""},
        {"id": "a" * 200},
        {"id": "evt-1\n"},
        {"id": "evt\0"},
        {"timestamp": "../.."},
        {"timestamp": "yesterday"},
        {"timestamp": ""},
    ],
    ids=repr,
)
def test_what_cannot_name_a_file_is_refused(tmp_path: Path, odd: dict[str, str]) -> None:
    store = EpisodicStore(tmp_path / "episodic")
    with pytest.raises(StoreError, match="no file can be named after "):
        store.save(memory("evt-1") | odd)
    assert list(tmp_path.iterdir()) == []


def test_the_newest_come_first_by_file_name(tmp_path: Path) -> None:
    store = EpisodicStore(tmp_path)
    for name, year in [("evt-2025b", "2025"), ("evt-2026a", "2026"), ("evt-2025a", "2025"), ("evt-2026b", "2026")]:
        store.save(memory(name, year))
    assert ids(store) == ["evt-2026b", "evt-2026a", "evt-2025b", "evt-2025a"]
    assert store.count() == 4


def test_an_older_home_with_folders_for_months_and_days_is_read(tmp_path: Path) -> None:
    put(tmp_path, "2025/11/04/evt-20251104.json", memory("evt-20251104", "2025"))
    put(tmp_path, "2025/evt-20251021.json", memory("evt-20251021", "2025"))
    put(tmp_path, "2025/12/evt-20251201.json", memory("evt-20251201", "2025"))
    assert ids(EpisodicStore(tmp_path)) == ["evt-20251201", "evt-20251104", "evt-20251021"]


def test_files_that_hold_no_memory_hide_nothing_but_themselves(tmp_path: Path) -> None:
    store = EpisodicStore(tmp_path)
    store.save(memory("evt-3"))
    store.save(memory("evt-1"))
    odd = [
        '{"id": "evt-2", "content": ',
        "",
        "[]",
        "[" * 100_000,
        '{"a": ' + "1" * 5_000 + "}",
        {"id": "evt-2"},
        memory("evt-2") | {"content": None},
        memory("evt-2") | {"timestamp": 1_700_000_000},
    ]
    for number, content in enumerate(odd):
        put(tmp_path, f"2026/evt-2-{number}.json", content)
    (tmp_path / "2026" / "evt-2-latin.json").write_bytes(b'{"content": "\xff"}')
    (tmp_path / "2026" / "evt-2-folder.json").mkdir()
    assert ids(store) == ["evt-3", "evt-1"]


def test_other_files_are_no_memories(tmp_path: Path) -> None:
    store = EpisodicStore(tmp_path)
    store.save(memory("evt-1"))
    put(tmp_path, "README.json", memory("evt-0"))
    put(tmp_path, "2026/.evt-2.json.x8d7.tmp", memory("evt-2"))
    put(tmp_path, "2026/.evt-3.json", memory("evt-3"))
    put(tmp_path, "2026/notes.txt", "mine")
    assert ids(store) == ["evt-1"]
    assert store.count() == 1


def test_a_home_without_memories_has_none(tmp_path: Path) -> None:
    store = EpisodicStore(tmp_path / "not there")
    assert (ids(store), store.count()) == ([], 0)
    assert not (tmp_path / "not there").exists()


def test_a_folder_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "episodic").write_text("")
    store = EpisodicStore(tmp_path / "episodic")
    assert ids(store) == []
    with pytest.raises(StoreError, match="check that the folder can be written"):
        store.save(memory("evt-1"))


def test_what_a_writer_left_and_cannot_be_deleted_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "2026" / ".evt-1.json.x.tmp").mkdir(parents=True)  # root, too, deletes no folder as a file
    with pytest.raises(StoreError, match=r"evt-1\.json: "):
        EpisodicStore(tmp_path).sweep("2026/evt-1.json")


def test_one_memory_is_read_wherever_its_file_is(tmp_path: Path) -> None:
    store = EpisodicStore(tmp_path)
    store.save(memory("evt-1"))
    put(tmp_path, "2025/11/04/evt-2.json", memory("evt-2", "2025"))
    assert [(found := store.read(name)) and found.id for name in ("evt-1", "evt-2", "evt-3", "../evt-1")] == [
        "evt-1", "evt-2", None, None,
    ]  # fmt: skip
    assert [found.id for found in store.all()] == ["evt-1", "evt-2"]


def test_an_edit_is_merged_into_what_stands_there(tmp_path: Path) -> None:
    store = EpisodicStore(tmp_path)
    path = store.save(memory("evt-1", theirs=None, metadata={"a": 1, "b": {"c": 2, "d": 3}, "model": "m"}))
    store.edit("2026/evt-1.json", {"metadata": {"b": {"c": None}, "model": None, "seen": 2}, "tags": ["x"]})
    assert json.loads(path.read_text()) == memory(
        "evt-1", theirs=None, metadata={"a": 1, "b": {"d": 3}, "seen": 2}, tags=["x"]
    )
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_edit_that_changes_nothing_leaves_the_file_alone(tmp_path: Path) -> None:
    store = EpisodicStore(tmp_path)
    path = store.save(memory("evt-1"))
    before = path.stat()
    store.edit("2026/evt-1.json", {"content": "about evt-1"})
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_writer_that_never_ends_is_told(tmp_path: Path) -> None:
    store, other = EpisodicStore(tmp_path / "episodic", wait=0.01), EpisodicStore(tmp_path / "episodic")
    with other.alone(), other.alone(), pytest.raises(StoreError, match="another process is writing to it; end that"):
        store.save(memory("evt-1"))
    assert store.save(memory("evt-1")).exists()
