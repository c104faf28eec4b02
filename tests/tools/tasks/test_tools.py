"""The tools of tasks: what a model says, and what becomes of it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.changes import ChangeLog, Key
from metahuman.tools.files import undo
from metahuman.tools.tasks.all_of_them import TOOLS
from metahuman.tools.tasks.store import TaskStore
from metahuman.tools.tasks.telling import active
from tests.tools.own.desks import NOW, desk

NAMED = {tool.name: tool for tool in TOOLS}


async def call(at: Path, name: str, **arguments: Any) -> Output:
    tool = NAMED[name]
    return await tool.run(tool.arguments.model_validate(arguments), desk(at, call=repr((name, arguments))))


async def made(at: Path, title: str, **more: Any) -> str:
    return (await call(at, "task_create", title=title, **more)).sources[0]


def held(at: Path, name: str, folder: str = "active") -> dict[str, Any]:
    value: dict[str, Any] = json.loads((at / "home" / "memory" / "tasks" / folder / f"{name}.json").read_bytes())
    return value


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_tool_tells_a_model_what_it_does(tool: Any) -> None:
    offer = tool.offer()
    assert len(offer.description) > 20
    assert all("description" in field for field in offer.parameters["properties"].values())


async def test_a_task_is_a_file_that_a_person_can_read(tmp_path: Path) -> None:
    done = await call(
        tmp_path, "task_create", title=" Buy\n milk ", due="next friday 5pm", priority="high", tags=["#shop", "shop"]
    )
    name = done.sources[0]
    assert (done.text, done.trusted) == (f"Written down as {name}, due Fri 27 Nov, 17:00.", True)
    assert held(tmp_path, name) == {
        "id": name,
        "title": "Buy milk",
        "status": "todo",
        "priority": "P1",
        "due": "2026-11-27T16:00:00.000Z",
        "tags": ["shop"],
        "created": "2026-11-23T11:21:05.000Z",
        "updated": "2026-11-23T11:21:05.000Z",
    }


@pytest.mark.parametrize(
    "arguments",
    [{}, {"title": " "}, {"title": "x" * 301}, {"title": "x", "priority": "P9"}, {"title": "x", "colour": "red"}],
)
async def test_what_is_no_task_is_refused(tmp_path: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        await call(tmp_path, "task_create", **arguments)


async def test_a_due_date_that_nobody_understands_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="'soon' names no day"):
        await call(tmp_path, "task_create", title="Buy milk", due="soon")
    assert not (tmp_path / "home" / "memory").exists()


async def test_tasks_are_listed_with_the_soonest_first(tmp_path: Path) -> None:
    bare = await made(tmp_path, "Think")
    late = await made(tmp_path, "Pay rent", due="2026-11-01", tags=["money"])
    soon = await made(tmp_path, "Call Ada", due="tomorrow", priority="P3")
    urgent = await made(tmp_path, "Fix roof", priority="P1")
    told = await call(tmp_path, "task_list")
    assert told.text.split("\n") == [
        f"{late}: Pay rent (overdue since Sun 1 Nov) [#money]",
        f"{soon}: Call Ada (due Tue 24 Nov) [P3]",
        f"{urgent}: Fix roof [P1]",
        f"{bare}: Think",
    ]
    assert (told.sources, told.trusted) == ((late, soon, urgent, bare), False)
    assert (await call(tmp_path, "task_list", which="overdue")).sources == (late,)
    assert (await call(tmp_path, "task_list", due_by="friday")).sources == (late, soon)
    assert (await call(tmp_path, "task_list", tag="#Money")).sources == (late,)
    assert (await call(tmp_path, "task_list", text="ada roof")).sources == (soon, urgent)
    assert (await call(tmp_path, "task_list", text="nothing")).text == "There is no such task."
    part = await call(tmp_path, "task_list", start=1, limit=2)
    assert part.sources == (soon, urgent)
    assert part.text.endswith("[tasks 2 to 3 of 4; start=3 reads on]")


async def test_a_finished_task_is_told_among_the_closed(tmp_path: Path) -> None:
    name = await made(tmp_path, "Buy milk", due="tomorrow")
    done = await call(tmp_path, "task_update", task="milk", status="done")
    assert done.text == f"Changed: {name}: Buy milk (due Tue 24 Nov) [done]"
    assert (await call(tmp_path, "task_list")).text == "There is no such task."
    assert (await call(tmp_path, "task_list", which="closed")).sources == (name,)
    assert (await call(tmp_path, "task_list", which="all")).sources == (name,)
    assert held(tmp_path, name)["completed"] == "2026-11-23T11:21:05.000Z"
    await call(tmp_path, "task_update", task=name, status="todo")
    assert "completed" not in held(tmp_path, name)


async def test_what_is_left_out_stays_and_none_takes_the_date_away(tmp_path: Path) -> None:
    name = await made(tmp_path, "Buy milk", due="tomorrow", description="Two litres.")
    await call(tmp_path, "task_update", task=name, due="friday", tags=["shop"])
    assert (held(tmp_path, name)["due"], held(tmp_path, name)["description"]) == ("2026-11-27", "Two litres.")
    await call(tmp_path, "task_update", task=name, due="none")
    assert "due" not in held(tmp_path, name)
    with pytest.raises(ToolError, match="nothing to change"):
        await call(tmp_path, "task_update", task=name)


async def test_tasks_are_found_by_words_and_one_is_told_whole(tmp_path: Path) -> None:
    first = await made(tmp_path, "Buy milk", tags=["shop"])
    second = await made(tmp_path, "Visit Ada", description="Bring milk and bread.", due="tomorrow")
    found = await call(tmp_path, "task_find", words="milk shop")
    assert found.sources == (first, second)
    whole = await call(tmp_path, "task_find", words=second)
    assert "description: Bring milk and bread.\n" in f"{whole.text}\n"
    assert "due: Tue 24 Nov\n" in f"{whole.text}\n"
    assert (await call(tmp_path, "task_find", words="zebra")).text == "No task has these words."
    with pytest.raises(ToolError, match="which task"):
        await call(tmp_path, "task_find", words=" ")


async def test_a_name_that_stands_for_several_lists_them(tmp_path: Path) -> None:
    first, second = await made(tmp_path, "Buy milk"), await made(tmp_path, "Buy bread")
    with pytest.raises(ToolError, match="give the id of one") as caught:
        await call(tmp_path, "task_update", task="buy", status="done")
    assert f"{first} (Buy milk)" in str(caught.value)
    assert f"{second} (Buy bread)" in str(caught.value)
    with pytest.raises(ToolError, match="no task is called 'zebra'"):
        await call(tmp_path, "task_delete", task="zebra")


async def test_a_deleted_task_is_in_the_trash(tmp_path: Path) -> None:
    name = await made(tmp_path, "Buy milk")
    done = await call(tmp_path, "task_delete", task=name)
    assert (await call(tmp_path, "task_list")).text == "There is no such task."
    trash = ChangeLog(tmp_path / "home", lambda: NOW).trash
    one = trash.all()[0]
    assert f"`metahuman trash restore {one.id}`" in done.text
    trash.restore(one)
    assert (await call(tmp_path, "task_list")).sources == (name,)


async def test_what_a_turn_did_to_tasks_can_be_undone(tmp_path: Path) -> None:
    name = await made(tmp_path, "Buy milk")
    before = held(tmp_path, name)
    log = ChangeLog(tmp_path / "home", lambda: NOW)
    store, changes = TaskStore(tmp_path / "home"), log.of(Key("main", "turn-2", "1"))
    store.update(name, {"status": "done"}, changes, NOW)
    assert [one.how for one in undo.undo(log, undo.chosen(log))] == ["put back"]
    assert held(tmp_path, name) == before
    undo.undo(log, undo.chosen(log))
    assert (await call(tmp_path, "task_list")).text == "There is no such task."


async def test_open_tasks_that_are_due_are_kept_in_mind(tmp_path: Path) -> None:
    for number in range(12):
        await made(tmp_path, f"Task {number}", due=f"in {number + 1} days")
    await made(tmp_path, "Some day")
    await call(tmp_path, "task_update", task="task 0", status="cancelled")
    told = active(tmp_path / "home", NOW)
    assert told[:2] == ["Task 1 (due Wed 25 Nov)", "Task 2 (due Thu 26 Nov)"]
    assert len(told) == 10
    assert active(tmp_path / "home", NOW + timedelta(days=9), 1) == ["Task 1 (overdue since Wed 25 Nov)"]
    assert active(tmp_path / "nowhere", NOW) == []
