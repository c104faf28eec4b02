"""The files of tasks: changed by hand, broken, written by several at once, or cut off in the middle."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from metahuman.state.errors import SettingError, StoreError, ToolError
from metahuman.tools.changes import ChangeLog, Key
from metahuman.tools.desk import Changes
from metahuman.tools.tasks.store import TaskStore
from tests.tools.own.desks import NOW

MADE = [0]


def changes(home: Path) -> Changes:
    MADE[0] += 1
    return ChangeLog(home, lambda: NOW).of(Key(None, f"turn-{MADE[0]}", "1"))


def put(home: Path, name: str, value: Any, folder: str = "active") -> Path:
    path = home / "memory" / "tasks" / folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def ids(store: TaskStore) -> set[str]:
    return {task.id for task in store.read().tasks}


def test_a_home_without_tasks_is_left_alone(tmp_path: Path) -> None:
    assert TaskStore(tmp_path).read().tasks == []
    assert list(tmp_path.iterdir()) == []


def test_what_other_programs_wrote_is_read_and_kept(tmp_path: Path) -> None:
    others = {
        "id": "task-20251019143000",
        "title": "Draft proposal",
        "status": "blocked",
        "priority": "P0",
        "listId": "list-work",
        "dependencies": ["task-1"],
        "due": "2026-11-24T18:00:00.000Z",
        "description": None,
        "created": "2025-10-19T14:30:00.000Z",
    }
    path = put(tmp_path, "task-20251019143000", others)
    store = TaskStore(tmp_path)
    store.update("draft", {"status": "in_progress"}, changes(tmp_path), NOW)
    after = json.loads(path.read_bytes())
    assert {key: after[key] for key in ("listId", "dependencies", "priority", "created")} == {
        key: others[key] for key in ("listId", "dependencies", "priority", "created")
    }
    assert after["status"] == "in_progress"


def test_a_change_by_hand_counts_at_once(tmp_path: Path) -> None:
    store = TaskStore(tmp_path)
    path = put(tmp_path, "mine", {"title": "Buy milk"})
    assert store.find("milk").open
    put(tmp_path, "mine", {"title": "Buy bread", "status": "done", "due": "whenever"})
    assert not store.find("bread").open
    assert store.find("mine").when(NOW) is None
    path.unlink()
    assert ids(store) == set()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ("{}", "title"),
        ('{"title": ""}', "title"),
        ('{"title": 5}', "title"),
        ('{"title": "x", "tags": "shop"}', "tags"),
        ('{"title": "x", "tags": [1]}', "tags.0"),
        ('{"title": "x", "due": 5}', "due"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_file_is_named_and_left_alone(tmp_path: Path, content: str, why: str) -> None:
    path = put(tmp_path, "broken", content)
    store = TaskStore(tmp_path)
    store.create({"title": "Buy milk"}, changes(tmp_path), NOW)
    found = store.read()
    assert [task.title for task in found.tasks] == ["Buy milk"]
    assert len(found.broken) == 1
    assert str(path) in found.broken[0]
    assert why in found.broken[0]
    with pytest.raises(ToolError, match=r"1 file holds no task: .*broken\.json"):
        store.find("zebra")
    assert path.read_text() == content


def test_a_task_is_never_made_into_what_cannot_be_read(tmp_path: Path) -> None:
    store = TaskStore(tmp_path)
    name = store.create({"title": "Buy milk"}, changes(tmp_path), NOW).id
    with pytest.raises(SettingError, match="title"):
        store.update(name, {"title": ""}, changes(tmp_path), NOW)
    assert store.find(name).title == "Buy milk"


def test_halves_of_characters_are_replaced(tmp_path: Path) -> None:
    made = TaskStore(tmp_path).create({"title": "cut \ud83d"}, changes(tmp_path), NOW)
    assert made.title == "cut \ufffd"


def test_what_has_been_over_for_a_day_moves_and_comes_back_when_it_is_open_again(tmp_path: Path) -> None:
    store, tasks = TaskStore(tmp_path), tmp_path / "memory" / "tasks"
    name = store.create({"title": "Buy milk"}, changes(tmp_path), NOW).id
    store.update(name, {"status": "done"}, changes(tmp_path), NOW)
    assert (tasks / "active" / f"{name}.json").exists()
    later = NOW + timedelta(days=2)
    store.create({"title": "Buy bread"}, changes(tmp_path), later)
    store.update("bread", {"tags": ["shop"]}, changes(tmp_path), later)
    assert (tasks / "completed" / f"{name}.json").exists()
    assert not (tasks / "active" / f"{name}.json").exists()
    store.update(name, {"tags": ["shop"]}, changes(tmp_path), later)
    assert (tasks / "completed" / f"{name}.json").exists()
    store.update(name, {"status": "todo"}, changes(tmp_path), later)
    assert (tasks / "active" / f"{name}.json").exists()
    assert not (tasks / "completed" / f"{name}.json").exists()


def test_what_is_opened_again_by_hand_goes_back(tmp_path: Path) -> None:
    put(tmp_path, "mine", {"title": "Buy milk", "status": "todo"}, "completed")
    put(tmp_path, "other", {"title": "Buy bread"})
    TaskStore(tmp_path).update("bread", {"tags": ["shop"]}, changes(tmp_path), NOW)
    assert (tmp_path / "memory" / "tasks" / "active" / "mine.json").exists()


def test_a_file_that_stands_in_both_folders_is_not_lost(tmp_path: Path) -> None:
    one = put(tmp_path, "mine", {"title": "Buy milk", "status": "done", "updated": "2020-01-01T00:00:00.000Z"})
    other = put(tmp_path, "mine", {"title": "Buy bread", "status": "done"}, "completed")
    store = TaskStore(tmp_path)
    put(tmp_path, "third", {"title": "x"})
    store.update("third", {"tags": ["shop"]}, changes(tmp_path), NOW)
    assert (one.exists(), other.exists()) == (True, True)
    assert store.find("mine").title == "Buy milk"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("task-20261123122105-aaaa", "Call Ada"),
        ("TASK-20261123122105-A", "Call Ada"),
        ("call ada", "Call Ada"),
        ("Call  Ada ", "Call Ada"),
        ("about the roof", "Call Ada about the roof"),
        ("ada ro", "Call Ada about the roof"),
        ("bob", "Call Bob"),
    ],
)
def test_a_name_is_an_id_its_beginning_or_words_of_a_title(tmp_path: Path, name: str, title: str) -> None:
    put(tmp_path, "task-20261123122105-aaaa", {"title": "Call Ada"})
    put(tmp_path, "task-20261123122105-bbbb", {"title": "Call Ada about the roof"})
    put(tmp_path, "task-20261123122105-cccc", {"title": "Call Bob"})
    put(tmp_path, "task-20261123122105-dddd", {"title": "Call Bob", "status": "done"}, "completed")
    assert TaskStore(tmp_path).find(name).title == title


@pytest.mark.parametrize("name", ["", " ", "../../etc/passwd", "task-", "*", "\x00", "call", "x" * 10_000])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    put(tmp_path, "task-1", {"title": "Call Ada"})
    put(tmp_path, "task-2", {"title": "Call Bob"})
    with pytest.raises(ToolError):
        TaskStore(tmp_path).find(name)


def create_many(home: Path, count: int) -> None:
    for number in range(count):
        TaskStore(home).create({"title": f"Task {number}"}, changes(home), NOW)


def tag_many(home: Path, count: int) -> None:
    for number in range(count):
        TaskStore(home).update("shared", {f"key{number}": number}, changes(home), NOW)


@pytest.mark.parametrize("work", [create_many, tag_many])
@pytest.mark.slow
def test_several_processes_lose_nothing(tmp_path: Path, work: Callable[[Path, int], None]) -> None:
    put(tmp_path, "shared", {"title": "shared"})
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=(tmp_path, 8)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    store = TaskStore(tmp_path)
    if work is create_many:
        assert len(ids(store)) == 3 * 8 + 1
    else:
        assert {f"key{number}" for number in range(8)} <= store.find("shared").as_json().keys()


def test_who_waits_too_long_is_told(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    with FileLock(tmp_path / "memory" / ".tasks.lock"), pytest.raises(StoreError, match="another process"):
        TaskStore(tmp_path, wait=0.05).create({"title": "x"}, changes(tmp_path), NOW)
